"""Write many patch GeoTIFFs of one tile: GDAL writes the first of a kind, the others differ in place and pixels only.

Opening a GeoTIFF for writing takes GDAL about a millisecond; a tile has some hundred thousand.
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

from reben.core.errors import RasterError
from reben.io import plain_tiff

_TIEPOINT_TAG = 33922  # GeoTIFF 1.0, section 2.6.1: i, j, k, x, y, z
_ENTRY = struct.Struct("<HHII")
_TIEPOINT = struct.Struct("<6d")
_FIRST_ENTRY = 10


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
        with MemoryFile() as memory:
            with memory.open(
                driver="GTiff",
                width=side_px,
                height=side_px,
                count=1,
                dtype=dtype,
                crs=crs,
                transform=from_origin(resolution_m, resolution_m, resolution_m, resolution_m),
                nodata=nodata,
            ) as target:
                target.write(np.ones((side_px, side_px), dtype), 1)
            self._file = bytearray(memory.read())
        raster = plain_tiff.parse(bytes(self._file))
        if raster is None or raster.deflate:
            raise RasterError(f"GDAL does not write plain GeoTIFFs of {dtype}")
        start = raster.strips[0][0]
        self._pixels = slice(start, start + raster.nbytes)
        if len(raster.pixels(bytes(self._file))) != raster.nbytes or self._pixels.stop != len(self._file):
            raise RasterError("GDAL does not write the pixels in one row at the end")
        self._shape, self._dtype = (side_px, side_px), raster.dtype
        self._tiepoint = self._find_tiepoint()

    def file(self, pixels: NDArray[Any], left_m: float, top_m: float) -> bytes:
        """Content of the file of one patch.

        Args:
            pixels: shape (side, side), in the template's data type.
            left_m: western edge.
            top_m: northern edge.

        Raises:
            RasterError: if `pixels` has another size or data type.
        """
        if pixels.shape != self._shape or pixels.dtype != self._dtype:
            raise RasterError(f"{pixels.shape} pixels of {pixels.dtype}; expected {self._shape} of {self._dtype}")
        _TIEPOINT.pack_into(self._file, self._tiepoint, 0.0, 0.0, 0.0, left_m, top_m, 0.0)
        self._file[self._pixels] = pixels.tobytes()
        return bytes(self._file)

    def write(self, path: Path, pixels: NDArray[Any], left_m: float, top_m: float) -> None:
        """Write the file of one patch; see `file`."""
        path.write_bytes(self.file(pixels, left_m, top_m))

    def _find_tiepoint(self) -> int:
        """Byte at which the tiepoint lies.

        Raises:
            RasterError: if there is none.
        """
        (count,) = struct.unpack_from("<H", self._file, _FIRST_ENTRY - 2)
        for i in range(count):
            tag, _, _, offset = _ENTRY.unpack_from(self._file, _FIRST_ENTRY + i * _ENTRY.size)
            if tag == _TIEPOINT_TAG:
                return int(offset)
        raise RasterError("GDAL writes no tiepoint")
