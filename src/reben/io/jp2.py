"""Bands of Sentinel-2 tiles as JPEG 2000 files: one band, square, on a UTM grid; lossless where we write them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.transform import from_origin

from reben.core.errors import ProductError
from reben.core.grid import TileExtent
from reben.io.new_rasters import write_raster
from reben.io.safe.geocoding import expect_tile

_HINT = "download or correct the product again"


def read_tile_band(
    image: str, resolution_m: int, *, threads: int = 1, expected: TileExtent | None = None, dtype: str = "uint16"
) -> tuple[TileExtent, NDArray[Any]]:
    """Ground and pixels, shape (rows, columns), of one band.

    Args:
        image: what GDAL opens.
        resolution_m: pixel size that it must have.
        threads: how many GDAL may use to decode it.
        expected: where it must lie, if that is known; what claims another place or size is not decoded.
        dtype: data type that it must have: uint16, or uint8 of a classification.

    Raises:
        ProductError: if the raster is damaged, or not what a band should be.
    """
    try:
        with rasterio.Env(GDAL_NUM_THREADS=threads), rasterio.open(image, driver="JP2OpenJPEG") as source:
            transform, crs = source.transform, source.crs
            epsg = None if crs is None else crs.to_epsg()
            if source.count != 1 or source.dtypes[0] != dtype or source.width != source.height or epsg is None:
                raise ProductError(
                    f"{image}: has {source.count} bands of {source.width} x {source.height} pixels of "
                    f"{source.dtypes[0]} in {crs}; expected one square band of {dtype} in a UTM zone",
                    hint=_HINT,
                )
            if (transform.a, transform.b, transform.d, transform.e) != (resolution_m, 0, 0, -resolution_m):
                raise ProductError(f"{image}: has pixels of {transform.a} m; expected {resolution_m} m, north up")
            extent = TileExtent(f"EPSG:{epsg}", transform.c, transform.f, source.width * resolution_m)
            expect_tile(image, extent)  # before pixels are read: a header may claim any size
            if expected is not None and extent != expected:
                raise ProductError(
                    f"{image}: covers {extent}; by the metadata or the other bands it is {expected}", hint=_HINT
                )
            pixels: NDArray[Any] = source.read(1)
    except RasterioError as error:
        raise ProductError(f"{image}: cannot be read ({error})", hint=_HINT) from error
    return replace(extent, ulx_m=int(extent.ulx_m), uly_m=int(extent.uly_m)), pixels


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
