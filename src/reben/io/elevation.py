"""Digital elevation models: altitudes in metres, in any CRS, in one file or several."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
from numpy.typing import NDArray
from rasterio.errors import CRSError, RasterioError
from rasterio.transform import from_origin
from rasterio.vrt import WarpedVRT
from rasterio.warp import Resampling, transform_bounds

from reben.core.errors import RasterError
from reben.io.small_files import is_regular

LOWEST_M, HIGHEST_M = -500, 9_000
"""The Dead Sea's shore lies at -430 m, Mount Everest at 8,849 m."""
_METRES = {"", "m", "metre", "metres", "meter", "meters"}
_ENDINGS = (".tif", ".tiff", ".vrt", ".hgt", ".dt2", ".dt1", ".img")
_HINT = "give an elevation model that GDAL reads"
_NOTHING = -99_999.0
"""Stands for no value while a model is resampled."""
_DENSIFIED_EDGE_POINTS = 21
_GEOGRAPHIC_3D_AXES = 3


@dataclass(frozen=True, slots=True)
class ElevationModel:
    """Files that are read as one; where they overlap, the first one by name that has a value counts."""

    files: tuple[Path, ...]
    above_ellipsoid: bool
    """Whether altitudes count from the ellipsoid; else from mean sea level, the geoid."""

    def altitudes_m(
        self, crs: str, west_m: float, north_m: float, shape: tuple[int, int], pixel_m: float
    ) -> NDArray[np.float32]:
        """Altitudes at the centres of the pixels of a grid, bilinear between those of the model.

        Args:
            crs: of the grid.
            west_m: easting of its left edge.
            north_m: northing of its upper edge.
            shape: rows and columns.
            pixel_m: side of a pixel.

        Returns:
            NaN where no file has a value.

        Raises:
            RasterError: if a file cannot be read, or its values are not altitudes in metres.
        """
        found = np.full(shape, np.nan, np.float32)
        rows, columns = shape
        box = (west_m, north_m - rows * pixel_m, west_m + columns * pixel_m, north_m)
        for file in self.files:
            with opened(file) as source:
                if not _touches(source, crs, box):
                    continue
                scale, offset = expect_metres(file, source)
                values = _resample(source, crs, from_origin(west_m, north_m, pixel_m, pixel_m), shape)
            if (scale, offset) != (1, 0):
                values = np.float32(scale) * values + np.float32(offset)
            expect_altitudes(file, values)
            found = np.where(np.isnan(found), values, found)
            if not np.isnan(found).any():
                break
        return found


def find_elevation(place: Path, above_ellipsoid: bool | None = None) -> ElevationModel:  # noqa: FBT001
    """The elevation model in a file, or in the files of a folder.

    Args:
        place: file that GDAL reads, or folder with GeoTIFF, VRT, HGT, DTED or IMG files.
        above_ellipsoid: what altitudes count from, if the user tells it; else the vertical CRS does, or the geoid.

    Raises:
        RasterError: if there is none, files count from different heights, or one has no place on the Earth.
    """
    files = sorted(path for path in place.iterdir() if path.suffix.lower() in _ENDINGS) if place.is_dir() else [place]
    if not files:
        raise RasterError(f"{place}: has no elevation model", hint=f"expected files that end in {', '.join(_ENDINGS)}")
    said = set()
    for file in files:
        with opened(file) as source:
            expect_metres(file, source)
            said.add(_is_above_ellipsoid(source))
    if above_ellipsoid is None and len(said) > 1:
        raise RasterError(
            f"{place}: some files count from the ellipsoid, others from the geoid", hint="give files of one kind"
        )
    return ElevationModel(tuple(files), said.pop() if above_ellipsoid is None else above_ellipsoid)


class opened:  # noqa: N801 - a context manager
    """An elevation model, to be read within the block; what GDAL says becomes a `RasterError`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __enter__(self) -> Any:  # noqa: ANN401 - rasterio has no types
        if self._file.exists() and not is_regular(self._file):  # a pipe would wait for ever
            raise RasterError(f"{self._file}: is not a regular file", hint=_HINT)
        try:
            self._source = rasterio.open(self._file)
        except RasterioError as error:
            raise RasterError(f"{self._file}: cannot be read ({error})", hint=_HINT) from error
        return self._source

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._source.close()
        if isinstance(error, RasterioError):
            raise RasterError(f"{self._file}: cannot be read ({error})", hint=_HINT) from error


def expect_metres(file: Path, source: Any) -> tuple[float, float]:  # noqa: ANN401 - rasterio has no types
    """Scale and offset of the values.

    Raises:
        RasterError: if the file has no place on the Earth, or its values are not metres by its own word.
    """
    if source.crs is None:
        raise RasterError(f"{file}: has no CRS", hint="give a georeferenced elevation model")
    unit, scale, offset = (source.units[0] or "").strip(), source.scales[0], source.offsets[0]
    if unit.lower() not in _METRES or not (np.isfinite(scale) and np.isfinite(offset) and scale != 0):
        raise RasterError(
            f"{file}: has the unit {unit[:40]!r}, scale {scale} and offset {offset}; expected metres",
            hint="convert it to metres",
        )
    return scale, offset


def expect_altitudes(file: Path, *altitudes_m: NDArray[np.floating]) -> None:
    """Check that values can be altitudes on the Earth; NaN may be among them.

    Raises:
        RasterError: if one cannot.
    """
    known = np.concatenate([values[np.isfinite(values)] for values in altitudes_m])
    if known.size and not LOWEST_M <= known.min() <= known.max() <= HIGHEST_M:
        raise RasterError(
            f"{file}: has values from {known.min():.0f} to {known.max():.0f}; expected altitudes in metres",
            hint="its nodata value, scale or offset may not be declared",
        )


def _resample(
    source: Any,  # noqa: ANN401 - rasterio has no types
    crs: str,
    place: rasterio.Affine,
    shape: tuple[int, int],
) -> NDArray[np.float32]:
    """Values as they are stored, NaN where there is none.

    By a virtual raster: `reproject` catches warnings in a way that threads cannot share.
    """
    rows, columns = shape
    with WarpedVRT(
        source,
        crs=crs,
        transform=place,
        width=columns,
        height=rows,
        resampling=Resampling.bilinear,
        src_nodata=source.nodata,
        nodata=_NOTHING,
        dtype="float32",
    ) as warped:
        values: NDArray[np.float32] = warped.read(1)
    values[values == _NOTHING] = np.nan
    return values


def _is_above_ellipsoid(source: Any) -> bool:  # noqa: ANN401 - rasterio has no types
    """Whether the CRS is three-dimensional: such heights count from the ellipsoid."""
    try:
        crs = pyproj.CRS.from_wkt(source.crs.to_wkt())
    except (CRSError, pyproj.exceptions.CRSError):
        return False
    return not crs.is_compound and len(crs.axis_info) == _GEOGRAPHIC_3D_AXES


def _touches(source: Any, crs: str, box: tuple[float, float, float, float]) -> bool:  # noqa: ANN401 - as above
    try:
        west, south, east, north = transform_bounds(crs, source.crs, *box, densify_pts=_DENSIFIED_EDGE_POINTS)
    except RasterioError:
        return False
    left, bottom, right, top = source.bounds
    beside = west < right and left < east
    return bool((beside or west > east) and south < top and bottom < north)  # a box may cross the 180th meridian
