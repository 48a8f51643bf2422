"""Which BigEarthNet v1 patch a patch stands for: same ground, same projection, same meteorological season.

Source: the published reBEN tables: a patch is kept only if there is such a v1 patch, and names it as `s2v1_name`.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import shapely

from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import TileName, V1PatchName
from reben.io.v1_geometries import V1Geometries
from reben.rules.seasons import meteorological_season


def aligned_v1_names(
    regions: Sequence[V1Geometries], tile: TileName, extent: TileExtent, grid: PatchGrid
) -> dict[tuple[int, int], str]:
    """v1 name of each patch of a tile that stands for one, by column and row.

    Where several v1 patches of the season lie on the same ground, the one nearest in time is named.

    Args:
        regions: footprints of v1 patches.
        tile: the acquisition.
        extent: where the tile lies.
        grid: its patches.
    """
    season = meteorological_season(tile.sensing_time)
    best: dict[tuple[int, int], V1PatchName] = {}
    for region in regions:
        if region.crs != extent.crs:
            continue
        for cell, name in _patches_on(region, extent, grid):
            candidate = V1PatchName.parse(name)
            if meteorological_season(candidate.sensing_time) != season:
                continue
            known = best.get(cell)
            if known is None or _distance_s(candidate, tile) < _distance_s(known, tile):
                best[cell] = candidate
    return {cell: str(name) for cell, name in best.items()}


def _patches_on(region: V1Geometries, extent: TileExtent, grid: PatchGrid) -> list[tuple[tuple[int, int], str]]:
    """Column, row and name of each footprint that is exactly a patch of the tile's grid."""
    bounds = shapely.bounds(shapely.from_wkb(region.footprints.to_numpy(zero_copy_only=False)))
    columns = (bounds[:, 0] - extent.ulx_m) / grid.patch_size_m
    rows = (extent.uly_m - bounds[:, 3]) / grid.patch_size_m
    last = grid.patches_per_side - 1
    fits = (
        (columns == np.rint(columns))
        & (rows == np.rint(rows))
        & (columns >= 0)
        & (columns <= last)
        & (rows >= 0)
        & (rows <= last)
        & (bounds[:, 2] - bounds[:, 0] == grid.patch_size_m)
        & (bounds[:, 3] - bounds[:, 1] == grid.patch_size_m)
    )
    found = np.flatnonzero(fits)
    names = region.names.take(pa.array(found)).to_pylist()
    return [((int(columns[i]), int(rows[i])), name) for i, name in zip(found, names, strict=True)]


def _distance_s(patch: V1PatchName, tile: TileName) -> float:
    """Seconds between two acquisitions."""
    return abs((patch.sensing_time - tile.sensing_time).total_seconds())
