"""Land cover in rasters: brought to the 10 m grid of a tile, several of them joined.

Rasters of about 10 m or coarser are sampled by nearest neighbour, finer ones by the most frequent value in a cell.
Where rasters overlap, the first one by name that has a value there is seen; where none has, the cell stays unlabelled.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.vrt import WarpedVRT
from rasterio.warp import Resampling, transform_bounds
from rasterio.windows import Window

from reben.construct.land_cover.source import ReferenceMap
from reben.core.bands import REFERENCE_MAP_RESOLUTION_M
from reben.core.errors import LandCoverError
from reben.core.grid import TileExtent
from reben.io.legend_files import LandCoverFormat
from reben.io.remote_rasters import read_raster
from reben.io.remote_rasters import shown as shown_image
from reben.net.addresses import is_address

ENDINGS = (".tif", ".tiff", ".vrt", ".img", ".jp2")

_NOTHING = 65_535
"""Stands for cells without a value while rasters are joined."""
_FINER_BELOW_M = 5.0
"""Rasters with smaller pixels have several in a cell of 10 m, of which the most frequent counts."""
_ROWS_AT_A_TIME = 1_098
_DENSIFIED_EDGE_POINTS = 21
_TOLERANCE_PX = 0.01
"""By how much places may be off, in pixels of the raster: GDAL interpolates between exactly projected points."""
_BYTE = 8  # bits
_HINT = "expected one band of whole numbers with a CRS, such as the tiles of ESA WorldCover"


@dataclass(frozen=True, slots=True)
class Raster:
    """What is known of a raster before it is read."""

    image: str
    """Path or address."""
    crs: str
    bounds: tuple[float, float, float, float]
    """Left, bottom, right and top edge in this CRS."""


@dataclass(frozen=True, slots=True)
class LandCoverRasters:
    """One or several rasters with codes of one legend."""

    rasters: tuple[Raster, ...]
    format: LandCoverFormat

    def on(self, extent: TileExtent) -> ReferenceMap:
        """Land cover of a tile.

        Raises:
            LandCoverError: if a raster cannot be read, or has a code that the legend does not know.
        """
        side_px = extent.side_m // REFERENCE_MAP_RESOLUTION_M
        codes = np.full((side_px, side_px), self.format.no_polygon, np.uint16)
        for raster in reversed([raster for raster in self.rasters if _touches(raster, extent)]):  # the first is on top
            for first, values, in_bytes in _resampled(raster, extent, side_px):
                table = self._codes_by_value(in_bytes=in_bytes)
                rows = codes[first : first + len(values)]
                found = table[values]
                unknown = (found < 0) & (values != _NOTHING)
                if unknown.any():
                    raise self._unknown(raster, values, unknown, extent, first)
                np.copyto(rows, found, where=values != _NOTHING, casting="unsafe")
        return ReferenceMap(codes)

    def _codes_by_value(self, *, in_bytes: bool) -> NDArray[np.int32]:
        """Code by value of a raster, -1 for values that the legend does not know; shape (65536,)."""
        table = np.full(_NOTHING + 1, -1, np.int32)
        for value, code in self.format.raster_values(in_bytes=in_bytes).items():
            table[value] = code
        return table

    def _unknown(
        self, raster: Raster, values: NDArray[np.uint16], unknown: NDArray[np.bool_], extent: TileExtent, first: int
    ) -> LandCoverError:
        found, counts = np.unique(values[unknown], return_counts=True)
        row, column = (int(index) for index in np.argwhere(unknown)[0])
        x_m = extent.ulx_m + (column + 0.5) * REFERENCE_MAP_RESOLUTION_M
        y_m = extent.uly_m - (first + row + 0.5) * REFERENCE_MAP_RESOLUTION_M
        shown = ", ".join(f"{value} ({count:,} pixels)" for value, count in zip(found, counts, strict=True))
        return LandCoverError(
            f"{shown_image(raster.image)}: value {shown} is not a code of legend {self.format.legend.name}; "
            f"the first one lies at {x_m:.0f}, {y_m:.0f} in {extent.crs}",
            hint="give the --legend of this raster, or add the code to yours, without a class if it is to stay "
            "unlabelled",
        )


def is_raster(path: Path) -> bool:
    """Whether a file is called like a raster."""
    return path.suffix.lower() in ENDINGS


def find_rasters(path: Path, expected: LandCoverFormat) -> LandCoverRasters:
    """The rasters in a folder, or one of them.

    Args:
        path: file, or folder.
        expected: legend of their values.

    Raises:
        LandCoverError: if there is none, or one has no CRS, several bands, or values that are not whole numbers.
    """
    files = sorted(file for file in path.iterdir() if is_raster(file)) if path.is_dir() else [path]
    if not files:
        raise LandCoverError(f"{path}: has no rasters ({', '.join(ENDINGS)})", hint=_HINT)
    if expected.texts:
        raise LandCoverError(
            f"legend {expected.legend.name} has texts as codes, but {files[0]} is a raster",
            hint="give each code the number that the raster has for it",
        )
    return LandCoverRasters(tuple(_described(file) for file in files), expected)


def _described(path: Path) -> Raster:
    """What must be known of a raster before it is read.

    Raises:
        LandCoverError: if it cannot be used.
    """
    try:
        with rasterio.open(path) as source:
            _expect_codes(str(path), source)
            return Raster(str(path), source.crs.to_wkt(), tuple(source.bounds))
    except RasterioError as error:
        raise LandCoverError(f"{path}: cannot be read as a raster ({error})", hint=_HINT) from error


def _expect_codes(image: str, source: rasterio.DatasetReader) -> None:
    """Check that a raster can hold codes and has a place.

    Raises:
        LandCoverError: if it cannot, or has none.
    """
    dtype = np.dtype(source.dtypes[0])
    if source.crs is None:
        raise LandCoverError(f"{shown_image(image)}: has no CRS", hint=_HINT)
    if source.count != 1 or dtype.kind not in "ui":
        raise LandCoverError(f"{shown_image(image)}: has {source.count} bands of {dtype}", hint=_HINT)


def _pixel_m(source: rasterio.DatasetReader) -> float:
    """Side of a pixel in metres on the ground, in the middle of a raster."""
    width, height = source.res
    if not source.crs.is_geographic:
        factor = source.crs.linear_units_factor[1]
        return float(sqrt(abs(width * height)) * factor)
    x, y = source.xy(source.height // 2, source.width // 2)
    geodesic = pyproj.Geod(ellps="WGS84")
    _, _, across_m = geodesic.inv(x, y, x + width, y)
    _, _, down_m = geodesic.inv(x, y, x, max(-90.0, y - height))
    return float(sqrt(across_m * down_m))


def _touches(raster: Raster, extent: TileExtent) -> bool:
    """Whether a raster may have pixels in a tile."""
    left, top = extent.ulx_m, extent.uly_m
    tile = (left, top - extent.side_m, left + extent.side_m, top)
    west, south, east, north = transform_bounds(extent.crs, raster.crs, *tile, densify_pts=_DENSIFIED_EDGE_POINTS)
    r_west, r_south, r_east, r_north = raster.bounds
    beside = west < r_east and east > r_west
    return bool((beside or west > east) and south < r_north and north > r_south)  # a tile may cross the 180th meridian


def _resampled(raster: Raster, extent: TileExtent, side_px: int) -> Iterator[tuple[int, NDArray[np.uint16], bool]]:
    """Values of a raster on some rows of a tile's grid at a time, `_NOTHING` where it has none; with the first row.

    Yields:
        the first row, values, and whether the raster has them in 8 bits.

    Raises:
        LandCoverError: if it cannot be read, or has values beyond what codes can be.
    """
    try:
        if is_address(raster.image):
            yield from read_raster(raster.image, "GTiff", lambda source: [*_rows(raster, source, extent, side_px)])
        else:
            with rasterio.open(raster.image) as source:
                yield from _rows(raster, source, extent, side_px)
    except RasterioError as error:
        raise LandCoverError(
            f"{shown_image(raster.image)}: cannot be read ({error})",
            hint="the file is damaged; download or copy it again",
        ) from error


def _rows(
    raster: Raster, source: rasterio.DatasetReader, extent: TileExtent, side_px: int
) -> Iterator[tuple[int, NDArray[np.uint16], bool]]:
    """See `_resampled`."""
    _expect_codes(raster.image, source)
    in_bytes = np.dtype(source.dtypes[0]).itemsize * _BYTE == _BYTE
    with WarpedVRT(
        source,
        crs=extent.crs,
        transform=from_origin(extent.ulx_m, extent.uly_m, REFERENCE_MAP_RESOLUTION_M, REFERENCE_MAP_RESOLUTION_M),
        width=side_px,
        height=side_px,
        resampling=Resampling.mode if _pixel_m(source) < _FINER_BELOW_M else Resampling.nearest,
        src_nodata=source.nodata,
        nodata=_NOTHING,
        dtype="uint16" if source.dtypes[0] in {"uint8", "uint16"} else "int32",
        tolerance=_TOLERANCE_PX,
    ) as grid:
        for first in range(0, side_px, _ROWS_AT_A_TIME):
            rows = min(_ROWS_AT_A_TIME, side_px - first)
            values = grid.read(1, window=Window(0, first, side_px, rows))
            if values.min(initial=0) < 0 or values.max(initial=0) > _NOTHING:
                wrong = values[(values < 0) | (values > _NOTHING)]
                raise LandCoverError(
                    f"{shown_image(raster.image)}: has the value {int(wrong[0])}; codes are 0 to {_NOTHING - 1}",
                    hint=_HINT,
                )
            yield first, values.astype(np.uint16, copy=False), in_bytes
