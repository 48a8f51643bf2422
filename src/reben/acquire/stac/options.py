"""Options of the search in STAC catalogues, beside those of every search by place and time."""

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from reben.work.options import OnCommandLine, Options

_STAC = OnCommandLine(panel="In a STAC catalogue")


class StacOptions(Options):
    """Which catalogue is searched, and what of it is chosen."""

    stac: Annotated[
        str,
        replace(_STAC, metavar="URL"),
        Field(examples=["https://earth-search.aws.element84.com/v1"]),
    ] = ""
    """Root of a STAC API, to be searched in place of the Copernicus Data Space's own catalogue."""
    collection: Annotated[str, _STAC, Field(examples=["sentinel-2-c1-l2a"])] = ""
    """Collection: sentinel-2-l2a, sentinel-2-c1-l2a, sentinel-1-rtc, esa-worldcover or io-lulc-annual-v02."""
