"""Cells of a data set's tiles that did not become patches because too little of them is labelled."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reben.construct.land_cover.finding import find_land_cover
from reben.core.bands import PATCH_SIZE_M, REFERENCE_MAP_RESOLUTION_M
from reben.core.classes import UNLABELLED, Legend
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import PatchName, TileName, tile_of
from reben.io.legend_files import CLC2018_FORMAT, LandCoverFormat
from reben.rules.labels import is_labelled_enough
from reben.tile.patches import TilePatches

Cell = tuple[str, NDArray[np.int8]]
"""Name that a patch there would have, and class of each pixel, -1 where unlabelled."""


def unlabelled_cells(
    rows: pa.Table,
    land_cover: Path,
    legend: Legend,
    extents: Mapping[str, TileExtent],
    *,
    count: int,
    expected: LandCoverFormat = CLC2018_FORMAT,
) -> list[Cell]:
    """Cells of the tiles of some patches that are labelled too little, those with most labels first.

    Args:
        rows: metadata rows of the data set.
        land_cover: polygons or rasters from which its maps were made.
        legend: of its classes.
        extents: where its tiles lie, by tile id.
        count: how many at most.
        expected: what the land cover must look like.

    Raises:
        LandCoverError: if the land cover cannot be used.
    """
    source = find_land_cover(land_cover, expected)
    there = set(rows["patch_id"].to_pylist())
    side_px = PATCH_SIZE_M // REFERENCE_MAP_RESOLUTION_M
    found: list[tuple[float, Cell]] = []
    for tile in sorted({tile_of(name) for name in there}):
        extent = extents[tile]
        patches = TilePatches(TileName.parse(tile), extent, PatchGrid(extent.side_m))
        classes = legend.class_map(source.on(extent).codes)
        for column, row in patches.grid.indices():
            cell = classes[row * side_px : (row + 1) * side_px, column * side_px : (column + 1) * side_px]
            labelled = float(np.mean(cell != UNLABELLED))
            name = str(PatchName(patches.tile, column, row, patches.grid.index_width))
            if name not in there and labelled > 0 and not is_labelled_enough(cell):
                found.append((-labelled, (name, cell.copy())))
        found = sorted(found, key=lambda item: item[0])[:count]
    return [cell for _, cell in found]
