"""Bands of Sentinel-2 tiles, read from JPEG 2000 files and GeoTIFFs: one band, square, on a UTM grid."""

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

from numpy.typing import NDArray
from rasterio.errors import RasterioError

from reben.core.errors import ProductError
from reben.core.grid import TileExtent
from reben.io.remote_rasters import read_raster, shown
from reben.io.safe.geocoding import expect_tile

_HINT = "download or correct the product again"
_DRIVERS = {".tif": "GTiff", ".tiff": "GTiff"}
_NODATA = (None, 0)


@dataclass(frozen=True, slots=True)
class _Band:
    """What a raster should be."""

    image: str
    resolution_m: int
    expected: TileExtent | None
    dtype: str

    def read(self, source: Any) -> tuple[TileExtent, NDArray[Any]]:  # noqa: ANN401 - rasterio has no types
        """Ground and pixels of an opened raster.

        Raises:
            ProductError: if it is something else.
        """
        name = shown(self.image)
        transform, crs = source.transform, source.crs
        epsg = None if crs is None else crs.to_epsg()
        if source.count != 1 or source.dtypes[0] != self.dtype or source.width != source.height or epsg is None:
            raise ProductError(
                f"{name}: has {source.count} bands of {source.width} x {source.height} pixels of "
                f"{source.dtypes[0]} in {crs}; expected one square band of {self.dtype} in a UTM zone",
                hint=_HINT,
            )
        if (transform.a, transform.b, transform.d, transform.e) != (self.resolution_m, 0, 0, -self.resolution_m):
            raise ProductError(f"{name}: has pixels of {transform.a} m; expected {self.resolution_m} m, north up")
        if source.nodata not in _NODATA:
            raise ProductError(f"{name}: has {source.nodata:g} as nodata; expected 0", hint=_HINT)
        extent = TileExtent(f"EPSG:{epsg}", transform.c, transform.f, source.width * self.resolution_m)
        expect_tile(name, extent)  # before pixels are read: a header may claim any size
        if self.expected is not None and extent != self.expected:
            raise ProductError(
                f"{name}: covers {extent}; by the metadata or the other bands it is {self.expected}", hint=_HINT
            )
        return replace(extent, ulx_m=int(extent.ulx_m), uly_m=int(extent.uly_m)), source.read(1)


def read_tile_band(
    image: str, resolution_m: int, *, threads: int = 1, expected: TileExtent | None = None, dtype: str = "uint16"
) -> tuple[TileExtent, NDArray[Any]]:
    """Ground and pixels, shape (rows, columns), of one band.

    Args:
        image: path as GDAL knows it, or an address; a GeoTIFF if it is called so, else JPEG 2000.
        resolution_m: pixel size that it must have.
        threads: how many GDAL may use to decode it.
        expected: where it must lie, if that is known; what claims another place or size is not decoded.
        dtype: data type that it must have: uint16, or uint8 of a classification.

    Raises:
        ProductError: if the raster is damaged, or not what a band should be.
        RemoteError: if there is no signature for an address that needs one.
    """
    driver = _DRIVERS.get(PurePosixPath(shown(image)).suffix.lower(), "JP2OpenJPEG")
    try:
        return read_raster(image, driver, _Band(image, resolution_m, expected, dtype).read, threads=threads)
    except RasterioError as error:
        raise ProductError(f"{shown(image)}: cannot be read ({error})", hint=_HINT) from error
