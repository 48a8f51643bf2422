"""Bands of Sentinel-2 tiles as lossless JPEG 2000 files, written."""

from pathlib import Path
from typing import Any

import rasterio
from numpy.typing import NDArray
from rasterio.transform import from_origin

from reben.core.grid import TileExtent
from reben.io.new_rasters import write_raster


def write_tile_band(
    path: Path, pixels: NDArray[Any], extent: TileExtent, resolution_m: int, *, threads: int = 1
) -> None:
    """Write a lossless JPEG 2000 file; the caller gives it its final name or that of its folder.

    Args:
        path: to write.
        pixels: uint8 or uint16, shape (rows, columns).
        extent: where the tile lies.
        resolution_m: pixel size.
        threads: how many GDAL may use to encode it.

    Raises:
        RasterError: if GDAL cannot make it.
        OSError: if it cannot be written whole.
    """
    with rasterio.Env(GDAL_NUM_THREADS=threads):
        write_raster(
            path,
            pixels,
            driver="JP2OpenJPEG",
            crs=extent.crs,
            transform=from_origin(extent.ulx_m, extent.uly_m, resolution_m, resolution_m),
            QUALITY=100,
            REVERSIBLE="YES",
        )
