"""Patches as GeoTIFFs, byte for byte as published."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from reben.construct.reference_maps import ReferenceMap
from reben.construct.sentinel1.partners import S1Partner
from reben.construct.tile_bands import TileBands
from reben.construct.tile_patches import Place, TilePatches
from reben.core.bands import BANDS, Band
from reben.core.names import S1Patch, Tile
from reben.io.dataset_paths import DatasetPaths
from reben.io.patch_files import PatchFileTemplate, ReferenceMapTemplate

_MAP_RESOLUTION_M = 10


@dataclass(frozen=True, slots=True)
class GeotiffOutput:
    """Writes into a data set in the published layout."""

    paths: DatasetPaths

    def clear(self, tile: Tile) -> None:
        """Remove what an earlier, interrupted attempt left of this tile."""
        for folder in (self.paths.s2, self.paths.reference_maps):
            shutil.rmtree(folder / str(tile), ignore_errors=True)

    def write_s1(self, patches: TilePatches, place: Place, partner: S1Partner) -> None:
        """See `TileOutput.write_s1`; a file appears whole, because another tile may write the same one now."""
        folder = self.paths.s1 / S1Patch.parse(partner.name).scene / partner.name
        folder.mkdir(parents=True, exist_ok=True)
        for band, pixels in partner.pixels.items():
            target = folder / f"{partner.name}_{band}.tif"
            partial = target.with_name(f".{target.name}.{os.getpid()}")
            if band in partner.files:
                shutil.copyfile(partner.files[band], partial)
            else:
                bounds = patches.bounds(place)
                template = _s1_template(len(pixels), BANDS[band], patches.ground.crs)
                template.write(partial, pixels, bounds.left_m, bounds.top_m)
            partial.rename(target)

    def write_s2(self, patches: TilePatches, bands: TileBands, places: Sequence[Place]) -> None:
        """See `TileOutput.write_s2`."""
        stems = _make_folders(self.paths.s2, patches, places)
        for name, pixels in bands.pixels.items():
            band = BANDS[name]
            side_px = band.side_px(patches.grid.patch_size_m)
            template = PatchFileTemplate(side_px, band.dtype, band.resolution_m, crs=patches.ground.crs, nodata=0)
            for place, stem in zip(places, stems, strict=True):
                bounds = patches.bounds(place)
                part = pixels[patches.grid.window(*place, band.resolution_m).slices]
                template.write(Path(f"{stem}_{name}.tif"), part, bounds.left_m, bounds.top_m)

    def write_maps(self, patches: TilePatches, land_cover: ReferenceMap, places: Sequence[Place]) -> None:
        """See `TileOutput.write_maps`."""
        stems = _make_folders(self.paths.reference_maps, patches, places)
        side_px = patches.grid.patch_size_m // _MAP_RESOLUTION_M
        template = ReferenceMapTemplate(side_px, _MAP_RESOLUTION_M, crs=patches.ground.crs)
        for place, stem in zip(places, stems, strict=True):
            bounds = patches.bounds(place)
            codes = np.ascontiguousarray(land_cover.codes[patches.grid.window(*place, _MAP_RESOLUTION_M).slices])
            template.write(Path(f"{stem}_reference_map.tif"), codes, bounds.left_m, bounds.top_m)


@cache
def _s1_template(side_px: int, band: Band, crs: str) -> PatchFileTemplate:
    return PatchFileTemplate(side_px, band.dtype, band.resolution_m, crs=crs, nodata=None)


def _make_folders(root: Path, patches: TilePatches, places: Sequence[Place]) -> list[str]:
    """A folder per patch; the beginning of its files' paths."""
    tile_folder = root / str(patches.tile)
    stems = []
    for place in places:
        patch_id = patches.patch_id(place)
        (tile_folder / patch_id).mkdir(parents=True)
        stems.append(f"{tile_folder}/{patch_id}/{patch_id}")
    return stems
