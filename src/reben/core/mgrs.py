"""Where Sentinel-2's tiles lie, from their names alone.

A tile is named after a 100 km square of the Military Grid Reference System. Its upper left corner is that of the
square, moved outwards to whole pixels of 60 m; from there it extends 109.8 km east and south.

Source: NGA.SIG.0012, Universal Grids and the Transverse Mercator and Polar Stereographic Map Projections (letters of
columns and rows, northings of the latitude bands). Checked on the metadata of real products of 28 tiles in
both hemispheres, and on published patches.
"""

import math
import re

from reben.core.errors import GridError
from reben.core.grid import TILE_SIDE_M, TileExtent

_SQUARE_M = 100_000
COLUMNS = ("STUVWXYZ", "ABCDEFGH", "JKLMNPQR")
"""Letters from west to east, by the zone's number modulo 3."""
ROWS = "ABCDEFGHJKLMNPQRSTUV"
"""Letters from south to north; those of even zones begin at F."""
_ROWS_IN_EVEN_ZONES = ROWS[5:] + ROWS[:5]
BANDS = "CDEFGHJKLMNPQRSTUVWX"
"""Latitude bands from 80 degrees south, 8 degrees each; the last one reaches to 84 degrees north."""
_LOWEST_NORTHING_M = {
    band: northing * _SQUARE_M
    for band, northing in zip(
        BANDS,
        (10, 20, 28, 37, 46, 55, 64, 73, 82, 91, 0, 8, 17, 26, 35, 44, 53, 62, 70, 79),
        strict=True,
    )
}
"""Of each latitude band, whole 100 km."""
_FIRST_NORTHERN_BAND = "N"
_FALSE_NORTHING_M = 10_000_000
"""Northing of the equator in the south."""
_NAME = re.compile(r"T?(\d\d)([A-Z])([A-Z])([A-Z])", re.ASCII)
_PIXEL_M = 60
_ZONES = 60


def tile_extent(name: str) -> TileExtent:
    """Extent of a Sentinel-2 tile.

    Args:
        name: such as 33UUP or T33UUP.

    Raises:
        GridError: if there is no such tile.

    >>> tile_extent("T33UUP")
    TileExtent(crs='EPSG:32633', ulx_m=300000.0, uly_m=5400000.0, side_m=109800)
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise _unknown(name)
    digits, band, column, row = found.groups()
    zone = int(digits)
    rows = ROWS if zone % 2 else _ROWS_IN_EVEN_ZONES
    columns = COLUMNS[zone % 3]
    if not 0 < zone <= _ZONES or band not in _LOWEST_NORTHING_M or column not in columns or row not in rows:
        raise _unknown(name)
    easting_m = (columns.index(column) + 1) * _SQUARE_M
    northing_m = rows.index(row) * _SQUARE_M
    while northing_m < _LOWEST_NORTHING_M[band]:
        northing_m += len(rows) * _SQUARE_M
    north = band >= _FIRST_NORTHERN_BAND
    equator_m = 0 if north else _FALSE_NORTHING_M  # pixels are counted from the equator
    top_m = northing_m + _SQUARE_M - equator_m
    return TileExtent(
        f"EPSG:{326 if north else 327}{zone:02d}",
        float(math.floor(easting_m / _PIXEL_M) * _PIXEL_M),
        float(math.ceil(top_m / _PIXEL_M) * _PIXEL_M + equator_m),
        TILE_SIDE_M,
    )


def _unknown(name: str) -> GridError:
    return GridError(f"{name!r} is not the name of a Sentinel-2 tile", hint="expected a name such as T33UUP")
