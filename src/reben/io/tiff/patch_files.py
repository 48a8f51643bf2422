"""Write many patch GeoTIFFs of one tile: GDAL writes the first of a kind, the others differ in place and pixels only.

Opening a GeoTIFF for writing takes GDAL about a millisecond; a tile has some hundred thousand.
"""

import errno
import os
import struct
from functools import cache
from typing import Any

import deflate
import numpy as np
from numpy.typing import NDArray
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from reben.core.bands import REFERENCE_MAP_RESOLUTION_M, Band
from reben.core.errors import RasterError
from reben.io.tiff import plain as plain_tiff

AnyPath = str | os.PathLike[str]

_TIEPOINT_TAG = 33922  # GeoTIFF 1.0, section 2.6.1: i, j, k, x, y, z
_STRIP_OFFSETS_TAG, _STRIP_LENGTHS_TAG = 273, 279
_SHORT = 3
_ENTRY = struct.Struct("<HHII")
_TIEPOINT = struct.Struct("<6d")
_FIRST_ENTRY = 10
_INLINE_BYTES = 4  # what is no longer lies in the entry itself
_LEVEL = 7  # of libdeflate: GDAL's default


class PatchFileTemplate:
    """Files of one size, data type and CRS, byte for byte as `geotiff.write_band` writes them.

    Args:
        side_px: pixels along a side.
        dtype: uint16 or float32.
        resolution_m: side of a pixel, in metres.
        crs: such as EPSG:32633.
        nodata: value of invalid pixels.

    Raises:
        RasterError: if GDAL writes something else than one uncompressed raster in a row.
    """

    def __init__(self, side_px: int, dtype: str, resolution_m: int, *, crs: str, nodata: float | None) -> None:
        ones = np.ones((side_px, side_px), dtype)
        first, raster = _written_by_gdal(ones, resolution_m, crs=crs, nodata=nodata)
        self._start = first[: raster.strips[0][0]]
        if raster.deflate or first[len(self._start) :] != ones.tobytes():
            raise RasterError(f"GDAL does not write the pixels of {dtype} in one row at the end")
        self._shape, self._dtype, self._nbytes = (side_px, side_px), raster.dtype, raster.nbytes
        self._tiepoint, _ = _find_tag(first, _TIEPOINT_TAG)

    def file(self, pixels: NDArray[Any], left_m: float, top_m: float) -> bytes:
        """Content of the file of one patch.

        Args:
            pixels: shape (side, side), in the template's data type.
            left_m: western edge.
            top_m: northern edge.

        Raises:
            RasterError: if `pixels` has another size or data type.
        """
        _expect(pixels, self._shape, self._dtype)
        start = bytearray(self._start)
        _TIEPOINT.pack_into(start, self._tiepoint, 0.0, 0.0, 0.0, left_m, top_m, 0.0)
        return b"".join((start, pixels.tobytes()))

    def is_file_at(self, content: bytes, left_m: float, top_m: float) -> bool:
        """Whether `content` is such a file at this place, whatever its pixels are."""
        start = bytearray(self._start)
        _TIEPOINT.pack_into(start, self._tiepoint, 0.0, 0.0, 0.0, left_m, top_m, 0.0)
        return len(content) == len(start) + self._nbytes and content.startswith(start)

    def write(self, path: AnyPath, pixels: NDArray[Any], left_m: float, top_m: float) -> None:
        """Write the file of one patch; see `file`."""
        write_content(path, self.file(pixels, left_m, top_m))


@cache
def band_template(band: Band, side_px: int, crs: str) -> PatchFileTemplate:
    """Return the template of a band's files as reBEN has them.

    Raises:
        RasterError: if GDAL lays such files out in another way than expected here.
    """
    return PatchFileTemplate(side_px, band.dtype, band.resolution_m, crs=crs, nodata=band.nodata)


@cache
def map_template(side_px: int, crs: str) -> "ReferenceMapTemplate":
    """Return the template of reference maps as reBEN has them.

    Raises:
        RasterError: if GDAL lays such files out in another way than expected here.
    """
    return ReferenceMapTemplate(side_px, REFERENCE_MAP_RESOLUTION_M, crs=crs)


class ReferenceMapTemplate:
    """Reference maps of one size and CRS, byte for byte as published.

    They are compressed by libdeflate, as rasterio's GDAL does it; another GDAL may use zlib, which gives other bytes.

    Args:
        side_px: pixels along a side.
        resolution_m: side of a pixel, in metres.
        crs: such as EPSG:32633.

    Raises:
        RasterError: if GDAL lays such files out in another way than expected here.
    """

    def __init__(self, side_px: int, resolution_m: int, *, crs: str) -> None:
        ones = np.ones((side_px, side_px), np.uint16)
        first, raster = _written_by_gdal(ones, resolution_m, crs=crs, nodata=0, compress="deflate", predictor=2)
        self._shape, self._dtype, self._rows_per_strip = ones.shape, raster.dtype, raster.rows_per_strip
        self._start = first[: raster.strips[0][0]]
        self._tiepoint, _ = _find_tag(first, _TIEPOINT_TAG)
        self._strip_tables = [_find_tag(first, tag) for tag in (_STRIP_OFFSETS_TAG, _STRIP_LENGTHS_TAG)]
        with MemoryFile(self.file(ones, resolution_m, resolution_m)) as memory, memory.open() as written:
            if not raster.differenced or not np.array_equal(written.read(1), ones):
                raise RasterError("GDAL lays compressed GeoTIFFs out in an unknown way")

    def file(self, codes: NDArray[np.uint16], left_m: float, top_m: float) -> bytes:
        """Content of the file of one patch.

        Args:
            codes: land-cover codes, shape (side, side).
            left_m: western edge.
            top_m: northern edge.

        Raises:
            RasterError: if `codes` has another size or data type.
        """
        _expect(codes, self._shape, self._dtype)
        differences = np.diff(codes, axis=1, prepend=codes.dtype.type(0))
        strips = [
            bytes(deflate.zlib_compress(differences[row : row + self._rows_per_strip].tobytes(), _LEVEL))
            for row in range(0, len(codes), self._rows_per_strip)
        ]
        lengths = [len(strip) for strip in strips]
        offsets = [len(self._start) + sum(lengths[:number]) for number in range(len(strips))]
        start = bytearray(self._start)
        _TIEPOINT.pack_into(start, self._tiepoint, 0.0, 0.0, 0.0, left_m, top_m, 0.0)
        for (place, form), values in zip(self._strip_tables, (offsets, lengths), strict=True):
            struct.pack_into(form, start, place, *values)
        return b"".join((start, *strips))

    def write(self, path: AnyPath, codes: NDArray[np.uint16], left_m: float, top_m: float) -> None:
        """Write the file of one patch; see `file`."""
        write_content(path, self.file(codes, left_m, top_m))


def write_content(path: AnyPath, content: bytes) -> None:
    """Write a file at once.

    Raises:
        OSError: if there is no room for all of it.
    """
    with open(path, "wb", buffering=0) as file:  # noqa: PTH123 - building a Path costs as much as writing
        written = file.write(content)
        if written != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path))


def _written_by_gdal(
    pixels: NDArray[Any], resolution_m: int, **profile: object
) -> tuple[bytearray, plain_tiff.PlainTiff]:
    """What GDAL writes for these pixels, with the upper left corner at (resolution, resolution).

    Raises:
        RasterError: if that is not a plain TIFF.
    """
    height, width = pixels.shape
    place = from_origin(resolution_m, resolution_m, resolution_m, resolution_m)
    with MemoryFile() as memory:
        with memory.open(
            driver="GTiff", width=width, height=height, count=1, dtype=pixels.dtype, transform=place, **profile
        ) as target:
            target.write(pixels, 1)
        file = bytearray(memory.read())
    raster = plain_tiff.parse(bytes(file))
    if raster is None:
        raise RasterError(f"GDAL does not write plain GeoTIFFs of {pixels.dtype}")
    return file, raster


def _find_tag(file: bytearray, wanted: int) -> tuple[int, str]:
    """Byte at which the values of a tag lie, and their format; doubles are those of the tiepoint.

    Raises:
        RasterError: if there is no such tag.
    """
    (entries,) = struct.unpack_from("<H", file, _FIRST_ENTRY - 2)
    for i in range(entries):
        entry = _FIRST_ENTRY + i * _ENTRY.size
        tag, kind, count, offset = _ENTRY.unpack_from(file, entry)
        if tag == wanted:
            form = f"<{count}{'H' if kind == _SHORT else 'I'}"
            return (entry + _ENTRY.size - _INLINE_BYTES if struct.calcsize(form) <= _INLINE_BYTES else offset), form
    raise RasterError(f"GDAL writes no tag {wanted}")


def _expect(pixels: NDArray[Any], shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Check size and data type.

    Raises:
        RasterError: if they differ.
    """
    if pixels.shape != shape or pixels.dtype != dtype:
        raise RasterError(f"{pixels.shape} pixels of {pixels.dtype}; expected {shape} of {dtype}")
