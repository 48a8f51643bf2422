"""Bands of Sentinel-2 tiles as JPEG 2000 files: one band, square, on a UTM grid; lossless where we write them."""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.transform import from_origin

from reben.core.errors import ProductError
from reben.core.grid import TileGround
from reben.io.new_rasters import write_raster

_HINT = "download or correct the product again"
"""The code stream's last marker (ISO/IEC 15444-1, "EOC")."""


def read_tile_band(image: str, resolution_m: int, *, threads: int = 1) -> tuple[TileGround, NDArray[np.uint16]]:
    """Ground and pixels, shape (rows, columns), of one band.

    Args:
        image: what GDAL opens.
        resolution_m: pixel size that it must have.
        threads: how many GDAL may use to decode it.

    Raises:
        ProductError: if the raster is damaged, or not what a band should be.
    """
    try:
        with rasterio.Env(GDAL_NUM_THREADS=threads), rasterio.open(image, driver="JP2OpenJPEG") as source:
            transform, crs = source.transform, source.crs
            epsg = None if crs is None else crs.to_epsg()
            if source.count != 1 or source.dtypes[0] != "uint16" or source.width != source.height or epsg is None:
                raise ProductError(
                    f"{image}: has {source.count} bands of {source.width} x {source.height} pixels of "
                    f"{source.dtypes[0]} in {crs}; expected one square band of uint16 in a UTM zone",
                    hint=_HINT,
                )
            if (transform.a, transform.e) != (resolution_m, -resolution_m):
                raise ProductError(f"{image}: has pixels of {transform.a} m; expected {resolution_m} m")
            pixels: NDArray[np.uint16] = source.read(1)
            side_m = source.width * resolution_m
    except RasterioError as error:
        raise ProductError(f"{image}: cannot be read ({error})", hint=_HINT) from error
    return TileGround(f"EPSG:{epsg}", int(transform.c), int(transform.f), side_m), pixels


def write_tile_band(
    path: Path, pixels: NDArray[Any], ground: TileGround, resolution_m: int, *, threads: int = 1
) -> None:
    """Write a lossless JPEG 2000 file; the caller gives it its final name or that of its folder.

    Args:
        path: to write.
        pixels: uint8 or uint16, shape (rows, columns).
        ground: where the tile lies.
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
            crs=ground.crs,
            transform=from_origin(ground.ulx_m, ground.uly_m, resolution_m, resolution_m),
            QUALITY=100,
            REVERSIBLE="YES",
        )
