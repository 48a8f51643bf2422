"""One polarisation of a geocoded Sentinel-1 scene: where it lies, and its backscatter on the grid of a tile."""

import warnings
from dataclasses import dataclass
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject, transform_bounds
from rasterio.windows import Window, from_bounds

from reben.core.backscatter import Unit
from reben.core.errors import RasterError
from reben.core.grid import TileExtent
from reben.io.remote_rasters import shown
from reben.io.tiff.samples import expect_possible_samples
from reben.net.addresses import is_address
from reben.tile.sentinel1 import scene_names
from reben.tile.sentinel1.scene_values import Values, expect_unit, values_of

_MARGIN_PX = 2  # around what is resampled: bilinear weights reach one pixel far
_ALIGNED_PX = 1e-6
_DENSIFIED_EDGE_POINTS = 21  # a straight border is a curve in another projection

TILE_TAG = "REBEN_TILE"
"""Tag of rasters that were made for one tile, with its name: they are not cut for its neighbours."""

Box = tuple[float, float, float, float]
"""West, south, east, north."""


@dataclass(frozen=True, slots=True)
class SceneRaster:
    """One band of a file."""

    image: str
    """Path or address of the file."""
    band: int
    """Of the file, from 1."""
    crs: str
    """As WKT."""
    bounds: Box
    values: Values
    texts: tuple[str, ...]
    """Names of the file, of its folder and of the band: they say what it is."""
    tile: str | None = None
    """The tile for which it was made, if for a single one."""

    def expect_unit(self) -> None:
        """Look once whether pixels contradict what they are taken for.

        Raises:
            RasterError: if they do.
            RasterioError: if the file cannot be read.
        """
        changed_ns = 0 if self.file is None else self.file.stat().st_mtime_ns
        expect_unit(self.image, self.band, self.values, changed_ns)

    @property
    def file(self) -> Path | None:
        """The file, if it lies on the disk."""
        return None if is_address(self.image) else Path(self.image)

    def touches(self, extent: TileExtent) -> bool:
        """Whether the raster's rectangle and the tile have ground in common."""
        try:
            west, south, east, north = transform_bounds(
                extent.crs, self.crs, *_box_of(extent), densify_pts=_DENSIFIED_EDGE_POINTS
            )
        except RasterioError:  # the tile has no place in the raster's projection
            return False
        left, bottom, right, top = self.bounds
        return bool(west < right and left < east and south < top and bottom < north)

    def read_on_grid(self, source: Any, crs: str, box: Box, resolution_m: int) -> NDArray[np.float32]:  # noqa: ANN401
        """Decibels on a grid of another raster, NaN where this one has no value.

        Args:
            source: the opened file (rasterio has no types).
            crs: of the grid.
            box: ground to read; a multiple of `resolution_m` wide and high.
            resolution_m: side of a pixel of the grid.

        Returns:
            shape (rows, columns).

        Raises:
            RasterioError: if the file cannot be read.
            RasterError: if the raster lies elsewhere than was said of it, or a value cannot be backscatter.
        """
        if not np.allclose(tuple(source.bounds), self.bounds, atol=abs(source.transform.a) / 2):
            raise RasterError(
                f"{shown(self.image)}: covers {tuple(source.bounds)}; its metadata say {self.bounds}",
                hint="leave the scene out, or search again",
            )
        west, south, east, north = box
        shape = (round((north - south) / resolution_m), round((east - west) / resolution_m))
        offset = self._offset_on_grid(source, crs, west, north, resolution_m)
        if offset is not None:
            return self._read(source, Window(*offset, shape[1], shape[0]))
        return self._resample(source, crs, box, shape, resolution_m)

    def _offset_on_grid(self, source: Any, crs: str, west: float, north: float, resolution_m: int) -> Any:  # noqa: ANN401
        """Column and row of the box's corner, if the raster has just this grid."""
        place = source.transform
        if (place.a, place.e) != (resolution_m, -resolution_m) or source.crs != rasterio.CRS.from_user_input(crs):
            return None
        column, row = (west - place.c) / resolution_m, (place.f - north) / resolution_m
        aligned = abs(column - round(column)) < _ALIGNED_PX and abs(row - round(row)) < _ALIGNED_PX
        return (round(column), round(row)) if aligned else None

    def _resample(
        self,
        source: Any,  # noqa: ANN401 - rasterio has no types
        crs: str,
        box: Box,
        shape: tuple[int, int],
        resolution_m: int,
    ) -> NDArray[np.float32]:
        target = np.full(shape, np.nan, np.float32)
        around = transform_bounds(crs, source.crs, *box, densify_pts=_DENSIFIED_EDGE_POINTS)
        window = _around(from_bounds(*around, source.transform))
        whole = Window(0, 0, source.width, source.height)
        if not rasterio.windows.intersect(window, whole):
            return target
        window = window.intersection(whole)
        power = 10 ** (self._read(source, window) / 10)
        reproject(
            power,
            target,
            src_transform=source.window_transform(window),
            src_crs=source.crs,
            src_nodata=np.nan,
            dst_transform=from_origin(box[0], box[3], resolution_m, resolution_m),
            dst_crs=crs,
            dst_nodata=np.nan,
            resampling=Resampling.bilinear,
        )
        with np.errstate(divide="ignore"):
            decibels: NDArray[np.float32] = 10 * np.log10(target)
        return decibels

    def _read(self, source: Any, window: Window) -> NDArray[np.float32]:  # noqa: ANN401
        """Decibels of a window, which may reach beyond the raster; NaN where there is no value."""
        pixels = np.full((int(window.height), int(window.width)), np.nan, np.float32)
        whole = Window(0, 0, source.width, source.height)
        if not rasterio.windows.intersect(window, whole):
            return pixels
        inside = window.intersection(whole)
        top, left = int(inside.row_off - window.row_off), int(inside.col_off - window.col_off)
        part = self.values.decibels(self.image, source.read(self.band, window=inside, masked=True))
        pixels[top : top + part.shape[0], left : left + part.shape[1]] = part
        return pixels


def open_bands(path: Path, unit: Unit | None = None) -> dict[str, SceneRaster]:
    """VV and VH in a file; empty if it holds neither.

    Args:
        path: of the file.
        unit: of its values, if the user tells it; else tags and names do.

    Raises:
        RasterError: if the file is not a GeoTIFF, has no place on the Earth, or its values are not backscatter.
    """
    try:
        with (
            warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning),
            rasterio.open(path, driver="GTiff") as source,
        ):
            bands = _bands(path, source.descriptions)
            transform = source.transform
            if bands and (source.crs is None or transform.b or transform.d or transform.a <= 0 or transform.e >= 0):
                raise RasterError(
                    f"{path}: has CRS {source.crs} and transform {tuple(transform)[:6]}; expected a geocoded raster, "
                    "north up",
                    hint="geocode the scene (terrain correction) first",
                )
            if bands:
                expect_possible_samples(path)
            return {name: _scene_raster(path, source, number, unit) for name, number in bands.items()}
    except RasterioError as error:
        raise RasterError(f"{path}: cannot be read as a GeoTIFF ({error})", hint="process the scene again") from error


def _scene_raster(path: Path, source: Any, number: int, unit: Unit | None) -> SceneRaster:  # noqa: ANN401 - no types
    return SceneRaster(
        str(path),
        number,
        source.crs.to_wkt(),
        tuple(source.bounds),
        values_of(str(path), source, number, unit),
        (path.stem, path.parent.name, source.descriptions[number - 1] or ""),
        source.tags().get(TILE_TAG),
    )


def _bands(path: Path, descriptions: tuple[str | None, ...]) -> dict[str, int]:
    """Band number by polarisation: of the only band by the file's name, of several by their descriptions."""
    if len(descriptions) == 1:
        name = scene_names.polarisation(path.stem) or scene_names.polarisation(descriptions[0] or "")
        return {} if name is None else {name: 1}
    described = [(scene_names.polarisation(text or ""), number) for number, text in enumerate(descriptions, start=1)]
    bands: dict[str, int] = {}
    if not any(name for name, _ in described) and scene_names.scene_id(path.name) is not None:
        raise RasterError(
            f"{path}: has {len(described)} bands without descriptions that name VV and VH",
            hint="set the band descriptions, or write a file per polarisation",
        )
    for name, number in described:
        if name is not None and bands.setdefault(name, number) != number:
            raise RasterError(
                f"{path}: has {name} twice, in bands {bands[name]} and {number}",
                hint="write one of them to a file of its own",
            )
    return bands


def _around(window: Window) -> Window:
    """Whole pixels that hold a window, and a margin."""
    left, top = floor(window.col_off) - _MARGIN_PX, floor(window.row_off) - _MARGIN_PX
    right = ceil(window.col_off + window.width) + _MARGIN_PX
    bottom = ceil(window.row_off + window.height) + _MARGIN_PX
    return Window(left, top, right - left, bottom - top)


def _box_of(extent: TileExtent) -> Box:
    return (extent.ulx_m, extent.uly_m - extent.side_m, extent.ulx_m + extent.side_m, extent.uly_m)
