"""Patch GeoTIFFs: read one band, write one band as reBEN publishes it.

Reading has two ways in. `plain_tiff` takes what reBEN patches are, at the cost of reading the bytes; GDAL (rasterio)
takes every other raster. Both give the same array.
"""

import io
import os
import stat
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reben.core.errors import RasterError
from reben.io.new_rasters import write_raster
from reben.io.tiff import plain as plain_tiff
from reben.io.tiff.samples import expect_possible_samples, expect_possible_samples_in

if TYPE_CHECKING:
    from affine import Affine

_PLAIN_SIZE = 1 << 17  # bytes; a published patch file has at most 58,008
_NOT_A_RASTER = "the file may be damaged, or no raster at all; download or build it again"


@dataclass(frozen=True, slots=True)
class Pixels:
    """One decoded band, not yet an array: the encoder only moves the bytes on."""

    shape: tuple[int, int]
    """Rows, columns."""
    dtype: np.dtype[Any]
    """Little-endian."""
    data: memoryview
    """Row by row, `shape[0] * shape[1] * dtype.itemsize` bytes."""

    def array(self) -> NDArray[Any]:
        """The band as a read-only array of shape `shape`."""
        return np.frombuffer(self.data, self.dtype).reshape(self.shape)


def read_band(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The only band of a raster file, shape (rows, columns), in its own data type.

    Raises:
        RasterError: if the file is missing, truncated or damaged, or has several bands.
    """
    return read_pixels(path).array()


def read_pixels(path: str | os.PathLike[str]) -> Pixels:
    """The only band of a raster file as bytes.

    Raises:
        RasterError: if the file is missing, truncated or damaged, or has several bands.
    """
    start = _read_start(path)
    pixels = None if len(start) == _PLAIN_SIZE else _plain_pixels(start, path)
    return read_pixels_with_gdal(path) if pixels is None else pixels


def pixels_of(data: bytes, name: str) -> Pixels:
    """The only band of a raster file that is in memory.

    Args:
        data: the whole file.
        name: for messages.

    Raises:
        RasterError: if the file is truncated or damaged, or has several bands.
    """
    pixels = _plain_pixels(data, name)
    return _only_band(stack_of(data, name), name) if pixels is None else pixels


def _plain_pixels(data: bytes, name: str | os.PathLike[str]) -> Pixels | None:
    """The only band of a plain TIFF; None if it is another kind of file.

    Raises:
        RasterError: if it is truncated or damaged.
    """
    raster = plain_tiff.parse(data)
    if raster is None:
        return None
    try:
        return Pixels((raster.height, raster.width), raster.dtype, raster.pixels(data))
    except RasterError as error:
        raise RasterError(f"{os.fspath(name)}: {error}", hint=_NOT_A_RASTER) from error


def read_pixels_with_gdal(path: str | os.PathLike[str]) -> Pixels:
    """The only band of any GeoTIFF as bytes.

    Raises:
        RasterError: if GDAL cannot read it, or it has several bands.
    """
    return _only_band(read_stack(path), path)


def _only_band(stack: NDArray[Any], name: str | os.PathLike[str]) -> Pixels:
    """The band of a stack of one.

    Raises:
        RasterError: if there are several.
    """
    if len(stack) != 1:
        raise RasterError(f"{os.fspath(name)}: has {len(stack)} bands; expected one band per file")
    band = stack[0]
    return Pixels(band.shape, band.dtype, memoryview(band.data).cast("B").toreadonly())


def read_stack(path: str | os.PathLike[str]) -> NDArray[Any]:
    """All bands of any GeoTIFF, shape (bands, rows, columns), contiguous, little-endian.

    GDAL is told to take nothing else: a file of one of its other formats could make it read any file or address.

    Raises:
        RasterError: if GDAL cannot read it, it is too large for a patch, its values must be scaled, or its data type is
            none.
    """
    expect_possible_samples(path)
    return _stack(os.fspath(path), os.fspath(path))


def stack_of(data: bytes, name: str) -> NDArray[Any]:
    """All bands of any GeoTIFF that is in memory; see `read_stack`.

    Args:
        data: the whole file.
        name: for messages.

    Raises:
        RasterError: see `read_stack`.
    """
    from rasterio.io import MemoryFile  # noqa: PLC0415 - as below

    expect_possible_samples_in(io.BytesIO(data), name)
    with MemoryFile(data, ext=".tif") as file:
        return _stack(file.name, name)


def _stack(path: str, name: str) -> NDArray[Any]:
    """All bands of the GeoTIFF that GDAL knows by `path`, and people by `name`.

    Raises:
        RasterError: see `read_stack`.
    """
    import rasterio  # noqa: PLC0415 - loading GDAL takes longer than encoding a thousand plain patches
    from rasterio.errors import NotGeoreferencedWarning, RasterioError  # noqa: PLC0415

    try:
        with (
            warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning),
            rasterio.Env(GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR"),
            rasterio.open(path, driver="GTiff") as source,
        ):
            nbytes = source.count * source.width * source.height * np.dtype(source.dtypes[0]).itemsize
            if nbytes > plain_tiff.LARGEST_RASTER:
                raise RasterError(
                    f"{name}: claims {source.count} bands of {source.width} x {source.height} pixels, "
                    f"{nbytes:,} bytes; a patch has at most {plain_tiff.LARGEST_RASTER:,}",
                    hint="give the patches, not the tile that they were cut from",
                )
            if set(source.scales) != {1.0} or set(source.offsets) != {0.0}:
                raise RasterError(
                    f"{name}: has scales {sorted(set(source.scales))} and offsets "
                    f"{sorted(set(source.offsets))}, which would be lost; expected values as they are meant",
                    hint="apply them: gdal_translate -unscale -ot Float32, or remove them if they are wrong",
                )
            stack = source.read()
    except RasterioError as error:
        reason = str(error).replace(f"'{path}'", "it").replace(path, "it")
        raise RasterError(f"{name}: cannot be read as a GeoTIFF ({reason})", hint=_NOT_A_RASTER) from error
    return np.ascontiguousarray(stack, stack.dtype.newbyteorder("<"))


def write_band(path: Path, band: NDArray[Any], *, crs: str, transform: "Affine", nodata: float | None = 0) -> None:
    """Write a patch band as published: one uncompressed band; Sentinel-2 has `nodata` 0, Sentinel-1 has none.

    Args:
        path: file to write; its folder must exist.
        band: shape (rows, columns), uint16 or float32.
        crs: such as EPSG:32633.
        transform: affine map from pixel to CRS coordinates.
        nodata: value of invalid pixels.
    """
    _write(path, band, crs=crs, transform=transform, nodata=nodata)


def write_reference_map(path: Path, codes: NDArray[np.uint16], *, crs: str, transform: "Affine") -> None:
    """Write a reference map as published: DEFLATE with horizontal differencing, `nodata` 0.

    Args:
        path: file to write; its folder must exist.
        codes: land-cover codes, shape (rows, columns).
        crs: such as EPSG:32633.
        transform: affine map from pixel to CRS coordinates.
    """
    _write(path, codes, crs=crs, transform=transform, nodata=0, compress="deflate", predictor=2)


def _read_start(path: str | os.PathLike[str]) -> bytes:
    """The first `_PLAIN_SIZE` bytes of a file.

    Raises:
        RasterError: if it cannot be opened.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would else wait for a writer
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise RasterError(f"{os.fspath(path)}: is not a regular file", hint=_NOT_A_RASTER)
            return os.read(descriptor, _PLAIN_SIZE)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RasterError(f"{os.fspath(path)}: cannot be read ({error.strerror})", hint=_NOT_A_RASTER) from error


def _write(path: Path, band: NDArray[Any], **profile: Any) -> None:  # noqa: ANN401 - GDAL's options
    write_raster(path, band, driver="GTiff", **profile)
