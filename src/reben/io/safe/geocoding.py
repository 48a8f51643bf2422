"""Where a tile lies by the metadata of its granule (`MTD_TL.xml`), to be held against what its images claim.

Source: ESA, Sentinel-2 Products Specification Document, "Tile_Geocoding"; real products.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from reben.core.errors import ProductError
from reben.core.grid import TileExtent
from reben.io.safe.files import elements, parse_xml, text_of

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LARGEST_SIDE_M = 120_000
"""Side of a tile, in metres, that is believed; real ones have 109,800."""
_UTM = re.compile(r"EPSG:32[67](0[1-9]|[1-5]\d|60)")
"""WGS 84 / UTM, zones 1 to 60, north (326) and south (327)."""
_LARGEST_COORDINATE_M = 10_100_000
"""Northings on the southern half end at 10,000,000."""


def expect_tile(where: str, extent: TileExtent) -> None:
    """Check whether a tile may lie there.

    Args:
        where: names what says so.
        extent: what it says.

    Raises:
        ProductError: if it cannot.
    """
    corner = (extent.ulx_m, extent.uly_m)
    whole = all(abs(value) <= _LARGEST_COORDINATE_M and value == int(value) for value in corner)
    if not _UTM.fullmatch(extent.crs) or not 0 < extent.side_m <= LARGEST_SIDE_M or not whole:
        raise ProductError(
            f"{where}: claims a tile of {extent.side_m} m at {corner} in {extent.crs}; expected at most "
            f"{LARGEST_SIDE_M} m in a UTM zone (EPSG:32601 to 32660, 32701 to 32760), at whole metres",
            hint="download or correct the product again",
        )


def read_extent(path: Path, content: bytes) -> TileExtent | None:
    """Ground of the tile; None if the metadata have no Tile_Geocoding.

    Args:
        path: of the product, for messages.
        content: of MTD_TL.xml.

    Raises:
        ProductError: if what they say contradicts itself, or can be no tile.
    """
    geocoding = next(elements(parse_xml(path, "MTD_TL.xml", content), "Tile_Geocoding"), None)
    if geocoding is None:
        return None
    try:
        sides = {
            int(size.attrib["resolution"]) * int(text_of(size, name))
            for size in elements(geocoding, "Size")
            for name in ("NROWS", "NCOLS")
        }
        corners = {
            (float(text_of(place, "ULX")), float(text_of(place, "ULY"))) for place in elements(geocoding, "Geoposition")
        }
        (side_m,), ((ulx_m, uly_m),) = sides, corners
    except (KeyError, ValueError) as error:
        raise ProductError(
            f"{path}: MTD_TL.xml has a damaged Tile_Geocoding; expected one side and one corner at all resolutions",
            hint="download the product again",
        ) from error
    extent = TileExtent(_crs(geocoding), ulx_m, uly_m, side_m)
    expect_tile(f"{path}: MTD_TL.xml", extent)
    return extent


def _crs(geocoding: "Element") -> str:
    return text_of(geocoding, "HORIZONTAL_CS_CODE").upper()
