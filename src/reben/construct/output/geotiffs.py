"""Patches as GeoTIFFs, byte for byte as published."""

import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import uuid4

from reben.construct.reference_maps import ReferenceMap
from reben.core.bands import BANDS, REFERENCE_MAP_RESOLUTION_M, Band
from reben.core.names import S1PatchName, TileName
from reben.io.dataset.paths import DatasetPaths
from reben.io.tiff.patch_files import PatchFileTemplate, ReferenceMapTemplate
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
        folder = self.paths.s1 / S1PatchName.parse(partner.name).scene / partner.name
        folder.mkdir(parents=True, exist_ok=True)
        for band, pixels in partner.pixels.items():
            target = folder / f"{partner.name}_{band}.tif"
            partial = target.with_name(f".{target.name}.{uuid4().hex}")
            if band in partner.files:
                shutil.copyfile(partner.files[band], partial)
            else:
                bounds = patches.bounds(cell)
                template = _s1_template(len(pixels), BANDS[band], patches.extent.crs)
                template.write(partial, pixels, bounds.left_m, bounds.top_m)
            partial.rename(target)

    def write_s2(self, patches: TilePatches, bands: TileBands, cells: Sequence[Cell]) -> None:
        """See `TileOutput.write_s2`."""
        templates = {
            name: PatchFileTemplate(
                BANDS[name].side_px(patches.grid.patch_size_m),
                BANDS[name].dtype,
                BANDS[name].resolution_m,
                crs=patches.extent.crs,
                nodata=0,
            )
            for name in bands.pixels
        }

        def write(cell: Cell) -> None:
            stem, bounds = _make_folder(self.paths.s2, patches, cell), patches.bounds(cell)
            for name, template in templates.items():
                part = bands.pixels[name][patches.grid.window(*cell, BANDS[name].resolution_m).slices]
                template.write(f"{stem}_{name}.tif", part, bounds.left_m, bounds.top_m)

        self._in_threads(write, cells)

    def write_maps(self, patches: TilePatches, land_cover: ReferenceMap, cells: Sequence[Cell]) -> None:
        """See `TileOutput.write_maps`."""
        side_px = patches.grid.patch_size_m // REFERENCE_MAP_RESOLUTION_M
        template = ReferenceMapTemplate(side_px, REFERENCE_MAP_RESOLUTION_M, crs=patches.extent.crs)

        def write(cell: Cell) -> None:
            stem, bounds = _make_folder(self.paths.reference_maps, patches, cell), patches.bounds(cell)
            codes = land_cover.codes[patches.grid.window(*cell, REFERENCE_MAP_RESOLUTION_M).slices]
            template.write(f"{stem}_reference_map.tif", codes, bounds.left_m, bounds.top_m)

        self._in_threads(write, cells)

    def _in_threads(self, write: Callable[[Cell], None], cells: Sequence[Cell]) -> None:
        with ThreadPoolExecutor(self.threads) as pool:
            for _ in pool.map(write, cells):  # raises what a thread raised
                pass


@cache
def _s1_template(side_px: int, band: Band, crs: str) -> PatchFileTemplate:
    return PatchFileTemplate(side_px, band.dtype, band.resolution_m, crs=crs, nodata=None)


def _make_folder(root: Path, patches: TilePatches, cell: Cell) -> str:
    """A new folder for a patch; the beginning of its files' paths."""
    patch_id = patches.patch_id(cell)
    folder = f"{root}/{patches.tile}/{patch_id}"
    os.makedirs(folder)  # noqa: PTH103 - building Paths costs as much as writing a file
    return f"{folder}/{patch_id}"
