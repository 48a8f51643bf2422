"""Patches as GeoTIFFs, byte for byte as published."""

import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from reben.construct.land_cover.source import ReferenceMap
from reben.core.bands import BANDS, REFERENCE_MAP_RESOLUTION_M
from reben.core.names import TileName
from reben.io.dataset.paths import DatasetPaths
from reben.io.tiff.patch_files import band_template, map_template
from reben.tile.bands import TileBands
from reben.tile.patches import Cell, TilePatches
from reben.tile.sentinel1.partners import S1Partner


@dataclass(frozen=True, slots=True)
class GeotiffOutput:
    """Writes into a data set in the published layout."""

    paths: DatasetPaths
    threads: int = 1
    """That write; the disk, not the interpreter, is what they wait for."""

    def clear(self, tile: TileName) -> None:
        """Remove what an earlier, interrupted attempt left of this tile."""
        for folder in (self.paths.s2, self.paths.reference_maps):
            shutil.rmtree(folder / str(tile), ignore_errors=True)

    def write_s1(self, patches: TilePatches, cell: Cell, partner: S1Partner) -> None:
        """See `TileOutput.write_s1`; a file appears whole, because another tile may write the same one now."""
        for band, pixels in partner.pixels.items():
            target = Path(self.paths.s1_file(partner.name, band))
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.{uuid4().hex}")
            if band in partner.files:
                shutil.copyfile(partner.files[band], partial)
            else:
                bounds = patches.bounds(cell)
                template = band_template(BANDS[band], len(pixels), patches.extent.crs)
                template.write(partial, pixels, bounds.left_m, bounds.top_m)
            partial.rename(target)

    def write_s2(self, patches: TilePatches, bands: TileBands, cells: Sequence[Cell]) -> None:
        """See `TileOutput.write_s2`."""
        size_m, crs = patches.grid.patch_size_m, patches.extent.crs
        templates = {name: band_template(BANDS[name], BANDS[name].side_px(size_m), crs) for name in bands.pixels}

        def write(cell: Cell) -> None:
            patch_id, bounds = patches.patch_id(cell), patches.bounds(cell)
            _make_folder(self.paths.s2_file(patch_id, ""))
            for name, template in templates.items():
                part = bands.pixels[name][patches.grid.window(*cell, BANDS[name].resolution_m).slices]
                template.write(self.paths.s2_file(patch_id, name), part, bounds.left_m, bounds.top_m)

        self._in_threads(write, cells)

    def write_maps(self, patches: TilePatches, land_cover: ReferenceMap, cells: Sequence[Cell]) -> None:
        """See `TileOutput.write_maps`."""
        side_px = patches.grid.patch_size_m // REFERENCE_MAP_RESOLUTION_M
        template = map_template(side_px, patches.extent.crs)

        def write(cell: Cell) -> None:
            path, bounds = self.paths.map_file(patches.patch_id(cell)), patches.bounds(cell)
            _make_folder(path)
            codes = land_cover.codes[patches.grid.window(*cell, REFERENCE_MAP_RESOLUTION_M).slices]
            template.write(path, codes, bounds.left_m, bounds.top_m)

        self._in_threads(write, cells)

    def _in_threads(self, write: Callable[[Cell], None], cells: Sequence[Cell]) -> None:
        with ThreadPoolExecutor(self.threads) as pool:
            for _ in pool.map(write, cells):  # raises what a thread raised
                pass


def _make_folder(file: str) -> None:
    """Make the folder of a file of a patch, which must not be there yet."""
    os.makedirs(os.path.dirname(file))  # noqa: PTH103, PTH120 - building Paths costs as much as writing a file
