"""Rasters on disks and on servers, opened by GDAL: with attempts, timeouts, parallel ranges, and signatures.

Messages never hold the query of an address, which may be a signature.

Source: GDAL, "Virtual File Systems" (`/vsicurl/`, `/vsis3/`) and "Configuration options".
"""

import os
import re
from collections.abc import Callable
from typing import Any, TypeVar

import rasterio
from rasterio.errors import RasterioError, RasterioIOError

from reben.io.raster_copies import copy_of
from reben.net.addresses import is_address, parse_address
from reben.net.sas_tokens import sas_tokens

T = TypeVar("T")

DATA_SPACE_BUCKET = "s3://eodata/"
"""Bucket of the Copernicus Data Space, in which its products lie file by file."""
_DATA_SPACE_ENDPOINT = "eodata.dataspace.copernicus.eu"
_QUERY = re.compile(r"\?[^\s'\"<>]*")
_MIB = 1 << 20

_OPTIONS = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_HTTP_MULTIRANGE": "YES",
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    "GDAL_HTTP_MAX_RETRY": "5",
    "GDAL_HTTP_RETRY_DELAY": "1",
    "GDAL_HTTP_CONNECTTIMEOUT": "30",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "1000",
    "GDAL_HTTP_LOW_SPEED_TIME": "60",
    "GDAL_HTTP_MULTIPLEX": "YES",
    "GDAL_INGESTED_BYTES_AT_OPEN": str(32 << 10),
    "CPL_VSIL_CURL_USE_HEAD": "NO",
    "CPL_VSIL_CURL_CACHE_SIZE": str(128 * _MIB),
    "AWS_VIRTUAL_HOSTING": "FALSE",
    "AWS_S3_ENDPOINT": _DATA_SPACE_ENDPOINT,
}
"""Of GDAL, for rasters on servers; `AWS_S3_ENDPOINT` and `GDAL_HTTP_RETRY_DELAY` of the environment have precedence."""


def shown(image: str) -> str:
    """A path or address for messages, without a query."""
    return image.partition("?")[0] if is_address(image) else image


def read_raster(image: str, driver: str, use: Callable[[Any], T], *, threads: int = 1) -> T:
    """What a function makes of an opened raster.

    Args:
        image: path as GDAL knows it; or an address: https, or `s3://eodata/...`. One that needs a signature gets it.
        driver: of GDAL, the only one that is tried.
        use: takes the opened raster (rasterio has no types), and may be called once more, with another signature.
        threads: how many GDAL may use to decode.

    Raises:
        AddressError: if an address would be read without encryption.
        RemoteError: if there is no signature for an address that needs one.
        RasterioError: if the raster cannot be opened or read.
    """
    if not is_address(image):
        with rasterio.Env(GDAL_NUM_THREADS=threads), rasterio.open(image, driver=driver) as source:
            return use(source)
    tokens = sas_tokens()
    url = parse_address(image).url
    options = _OPTIONS | {name: os.environ[name] for name in _OPTIONS if name in os.environ}
    with rasterio.Env(GDAL_NUM_THREADS=threads, **options):
        if image.startswith(DATA_SPACE_BUCKET):
            return _opened(f"/vsis3/{image.removeprefix('s3://')}", driver, use)
        needs_signature = tokens.signs(url)
        signed = (lambda: tokens.signed(url), lambda: tokens.signed(url, renew=True))
        copy = copy_of(url, *(signed if needs_signature else (lambda: url,)))
        if copy is not None:
            return _opened(str(copy), driver, use)
        if not needs_signature:
            return _opened(f"/vsicurl/{url}", driver, use)
        try:
            return _opened(f"/vsicurl/{tokens.signed(url)}", driver, use)
        except RasterioError:  # GDAL does not always say that it was the signature
            return _opened(f"/vsicurl/{tokens.signed(url, renew=True)}", driver, use)


def _opened(name: str, driver: str, use: Callable[[Any], T]) -> T:
    try:
        with rasterio.open(name, driver=driver) as source:
            return use(source)
    except RasterioError as error:
        raise RasterioIOError(_QUERY.sub("", str(error))) from None
