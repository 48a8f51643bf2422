"""Sentinel-1 patches cut from geocoded scenes: for each patch the scene nearest in time that covers it wholly.

Backscatter is resampled as power, not as decibels: the mean of two powers is what a coarser radar would have seen.
Rasters that already lie on the tile's 10 m grid are cut without resampling, pixel by pixel.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from reben.core.backscatter import Unit
from reben.core.bands import BANDS, S1_BANDS
from reben.core.errors import BuildError, RasterError
from reben.core.names import S1PatchName
from reben.io.remote_rasters import read_raster, shown
from reben.io.stac.items import is_items_file
from reben.tile.patches import Cell, TilePatches
from reben.tile.sentinel1 import scene_names
from reben.tile.sentinel1.partners import S1Partner
from reben.tile.sentinel1.scene_items import item_files, scenes_of_items
from reben.tile.sentinel1.scene_raster import SceneRaster, open_bands
from reben.tile.sentinel1.scene_units import remarks

RASTER_SUFFIXES = (".tif", ".tiff")
"""Of the files that may belong to a scene; in any case."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One acquisition."""

    name: str
    """Scene id up to the start time."""
    bands: Mapping[str, SceneRaster]
    """Raster of VV and of VH."""
    tile: str | None = None
    """The tile for which it was made, if for a single one, such as 33UUP."""

    @property
    def sensing_time(self) -> datetime:
        """Start of the acquisition, UTC without a time zone."""
        return S1PatchName(self.name, "", 0, 0).sensing_time


@dataclass(frozen=True)
class S1Scenes:
    """Geocoded scenes, any CRS."""

    scenes: tuple[Scene, ...]

    def partners(
        self,
        patches: TilePatches,
        cells: Sequence[Cell],
        v1_names: Mapping[Cell, str],  # noqa: ARG002 - the protocol's signature
    ) -> Iterator[tuple[Cell, S1Partner]]:
        """See `S1Source.partners`."""
        wanted = set(cells)
        for scene in self._nearest_first(patches):
            for cell, partner in _cut(scene, patches, sorted(wanted)):
                wanted.discard(cell)
                yield cell, partner

    def files_of(self, names: Iterable[str]) -> list[Path]:
        """See `S1Source.files_of`."""
        used = {S1PatchName.parse(name).scene for name in names}
        rasters = [band for scene in self.scenes if scene.name in used for band in scene.bands.values()]
        return sorted({raster.file for raster in rasters if raster.file is not None})

    def remarks(self) -> tuple[str, ...]:
        """What users should know of the scenes, such as that they are gamma nought by name."""
        return remarks(
            (scene.name, [text for band in scene.bands.values() for text in band.texts]) for scene in self.scenes
        )

    def _nearest_first(self, patches: TilePatches) -> list[Scene]:
        """Scenes that may cover ground of the tile."""
        time = patches.tile.sensing_time
        around = [
            scene
            for scene in self.scenes
            if scene.tile in (None, patches.tile.mgrs)
            and all(band.touches(patches.extent) for band in scene.bands.values())
        ]
        return sorted(around, key=lambda scene: (abs(scene.sensing_time - time), scene.name))


def raster_files(folder: Path) -> list[Path]:
    """Files that may belong to a scene, sorted; hidden ones are none of it (`._x` are macOS's side files)."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in RASTER_SUFFIXES and not path.name.startswith(".") and path.is_file()
    )


def scene_files(place: Path) -> list[Path]:
    """Files that may belong to a scene: in a folder; or a file of STAC items, and rasters on the disk that it names."""
    return item_files(place) if is_items_file(place) else raster_files(place)


def find_scenes(folder: Path, unit: Unit | None = None) -> S1Scenes:
    """All scenes in a folder and the folders in it, or in a file of STAC items.

    A file belongs to a scene by its own name, or else by that of a folder above it, and to a polarisation by its name,
    or else by the descriptions of its bands. Files of other polarisations and other names are left alone.

    Args:
        folder: with the scenes; or a file of items.
        unit: of the values, if the user tells it; else tags and names do.

    Raises:
        BuildError: if there is no scene, one lacks a polarisation or has it twice, or a file with a polarisation
            belongs to no scene.
        RasterError: if a raster cannot be opened or has no place on the Earth.
    """
    if is_items_file(folder):
        return S1Scenes(tuple(Scene(name, bands) for name, bands in sorted(scenes_of_items(folder, unit).items())))
    if not folder.is_dir():
        raise BuildError(
            f"{folder}: is not a directory",
            hint="give a folder with geocoded Sentinel-1 rasters, or a file of STAC items",
        )
    found: dict[tuple[str, str | None], dict[str, SceneRaster]] = defaultdict(dict)
    for path in raster_files(folder):
        for band, raster in open_bands(path, unit).items():
            scene = _scene_of(path, folder)
            bands = found[scene, raster.tile]
            if band in bands:
                raise BuildError(
                    f"scene {scene} has {band} twice: {bands[band].image} and {path}", hint="remove one of them"
                )
            bands[band] = raster
    for (scene, _), bands in found.items():
        missing = [band for band in S1_BANDS if band not in bands]
        if missing:
            raise BuildError(f"{folder}: scene {scene} lacks {', '.join(missing)}", hint="both VV and VH are needed")
    if not found:
        raise BuildError(f"{folder}: no scene found", hint=f"expected GeoTIFFs named like {scene_names.EXAMPLE}")
    ordered = sorted(found.items(), key=lambda row: (row[0][0], row[0][1] or ""))
    return S1Scenes(tuple(Scene(name, dict(bands), tile) for (name, tile), bands in ordered))


def _scene_of(path: Path, root: Path) -> str:
    """Scene id of a file.

    Raises:
        BuildError: if neither the file nor a folder above it has one.
    """
    for name in (path.name, *(part.name for part in path.parents if root in (part, *part.parents))):
        scene = scene_names.scene_id(name)
        if scene is not None:
            return scene
    raise BuildError(
        f"{path}: has no scene id in its name or in that of its folder", hint=f"expected {scene_names.EXAMPLE}"
    )


def _cut(scene: Scene, patches: TilePatches, cells: Sequence[Cell]) -> Iterator[tuple[Cell, S1Partner]]:
    """The places that the scene covers wholly, row by row of the grid, so that memory stays flat."""
    by_row: dict[int, list[int]] = defaultdict(list)
    for column, row in cells:
        by_row[row].append(column)
    for row, columns in sorted(by_row.items()):
        # The whole row, whichever of its patches are wanted: GDAL approximates the projection along what it is given,
        # and two tiles of one place may share a partner, which must be the same value.
        strips = _read_strips(scene, patches, row)
        if strips is None:
            continue
        for column in columns:
            pixels = {}
            for band, strip in strips.items():
                side = BANDS[band].side_px(patches.grid.patch_size_m)
                left = column * side
                pixels[band] = np.ascontiguousarray(strip[:, left : left + side])
            if all(np.isfinite(band).all() for band in pixels.values()):
                _expect_decibels(scene, pixels)
                name = S1PatchName(scene.name, patches.tile.mgrs, column, row)
                yield (column, row), S1Partner(str(name), pixels)


def _expect_decibels(scene: Scene, pixels: Mapping[str, NDArray[np.float32]]) -> None:
    """Check a whole patch; a few pixels may well be bright.

    Raises:
        RasterError: if no pixel of a band is below 0.
    """
    for band, values in pixels.items():
        if values.min() >= 0:
            raise RasterError(
                f"{shown(scene.bands[band].image)}: has no value below 0 on a whole patch; "
                "this is linear power or amplitude, expected decibels",
                hint="convert the scene with 10 * log10(power)",
            )


def _read_strips(scene: Scene, patches: TilePatches, row: int) -> dict[str, NDArray[np.float32]] | None:
    """Both bands on the ground of a row of patches, NaN where there is nothing; None if all is.

    Raises:
        RasterError: if a raster cannot be read.
    """
    west, east = patches.bounds((0, row)), patches.bounds((patches.grid.patches_per_side - 1, row))
    strips = {}
    for band, raster in scene.bands.items():
        try:
            raster.expect_unit()
            box, resolution_m = (west.left_m, west.bottom_m, east.right_m, west.top_m), BANDS[band].resolution_m
            strip = read_raster(
                raster.image,
                "GTiff",
                partial(raster.read_on_grid, crs=patches.extent.crs, box=box, resolution_m=resolution_m),
            )
        except (RasterioError, OSError) as error:
            raise RasterError(
                f"{shown(raster.image)}: cannot be read ({error})", hint="process the scene again"
            ) from error
        if np.isnan(strip).all():
            return None
        strips[band] = strip
    return strips
