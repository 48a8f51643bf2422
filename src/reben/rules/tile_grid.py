"""Which tiles of Sentinel-2 an area needs.

Tiles are named after the 100 km squares of the Military Grid Reference System and are larger (109.8 km). A square has
a tile where some of it lies in its own zone of 6 degrees; the squares of two zones overlap there. Where a square is
cut by the border of two bands of 8 degrees, its tile is called after the band in which its middle lies: so are the 85
tiles of real products whose names are at hand, 13 of which are cut. Source: core.mgrs; checked on the tiles of
published patches.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import cos, radians

import numpy as np
import shapely

from reben.core.errors import GridError
from reben.core.grid import TileExtent
from reben.core.mgrs import BANDS, COLUMNS, ROWS, tile_extent
from reben.io.projection import project

_GEOGRAPHIC = "EPSG:4326"
_ZONE_DEG, _BAND_DEG, _SOUTH_DEG = 6, 8, -80
_SQUARE_M = 100_000
_STEP_M = 10_000
"""Between the points of an outline that is projected."""
_MARGIN_DEG = 1.1
"""By how much a tile may reach beyond its band, and on the equator beyond its zone."""
_POLE_DEG = 84.0
_SMALLEST_SHARE = 1e-6
"""Of a tile's area, that must lie in the area: neighbours that only touch it are not needed."""


def tiles_of(area: Sequence[shapely.Geometry]) -> list[str]:
    """Names of the tiles that an area needs, sorted.

    Every place of the area is shown by one of them at least; where two show the same, both are named.

    Args:
        area: polygons in longitude and latitude, degrees.
    """
    whole = shapely.union_all(list(area))
    shapely.prepare(whole)
    found = []
    for name, outline in _candidates(whole.bounds):
        if shapely.intersects(whole, outline):
            common = shapely.area(shapely.intersection(whole, outline))
            if common > _SMALLEST_SHARE * shapely.area(outline):
                found.append(name)
    return sorted(found)


def tile_outline(name: str) -> shapely.Geometry:
    """The ground of a tile in longitude and latitude; two parts where it crosses the 180th meridian.

    Raises:
        GridError: if there is no such tile.
    """
    extent = tile_extent(name)
    outline = _outline(extent, extent.side_m)
    if outline is None:
        raise GridError(f"tile {name} lies beyond its projection")
    return outline


def _candidates(bounds: tuple[float, float, float, float]) -> Iterator[tuple[str, shapely.Geometry]]:
    """Tiles whose zones and bands come near a box in longitude and latitude, with their outlines there."""
    west, south, east, north = bounds
    margin = _MARGIN_DEG / cos(radians(min(_POLE_DEG, max(abs(south), abs(north)))))
    first, last = (int((edge + 180) // _ZONE_DEG) for edge in (west - margin, east + margin))
    for zone in {number % 60 + 1 for number in range(first, last + 1)}:
        for place, band in enumerate(BANDS):
            low = _SOUTH_DEG + _BAND_DEG * place
            if low - _MARGIN_DEG <= north and low + _BAND_DEG + _MARGIN_DEG + 4 * (band == "X") >= south:
                yield from _tiles(zone, band)


@lru_cache(maxsize=1_024)
def _tiles(zone: int, band: str) -> tuple[tuple[str, shapely.Geometry], ...]:
    """The tiles of one zone and band, with their outlines in longitude and latitude."""
    cell = _cell(zone, band)
    found = []
    for column in COLUMNS[zone % 3]:
        for row in ROWS:
            name = f"{zone:02d}{band}{column}{row}"
            try:
                extent = tile_extent(name)
            except GridError:
                continue
            square = _outline(extent, _SQUARE_M)
            if square is not None and _is_of(square, cell):
                outline = _outline(extent, extent.side_m)
                if outline is not None:
                    found.append((name, outline))
    return tuple(found)


def _is_of(square: shapely.Geometry, cell: shapely.Geometry) -> bool:
    """Whether a square has its middle in the band of a cell, and ground in its zone."""
    south, north = shapely.bounds(cell)[[1, 3]]
    middle = shapely.centroid(square).y
    return bool(south <= middle < north and shapely.area(shapely.intersection(square, cell)) > 0)


def _cell(zone: int, band: str) -> shapely.Geometry:
    """The ground of a zone and band, in degrees; the northernmost band is higher."""
    west, south = -180 + _ZONE_DEG * (zone - 1), _SOUTH_DEG + _BAND_DEG * BANDS.index(band)
    west, east = _NORWEGIAN.get((zone, band), (west, west + _ZONE_DEG))
    return shapely.box(west, south, east, south + _BAND_DEG + 4 * (band == "X"))


_NORWEGIAN = {
    (31, "V"): (0, 3), (32, "V"): (3, 12),
    (31, "X"): (0, 9), (32, "X"): (9, 9), (33, "X"): (9, 21), (34, "X"): (21, 21),
    (35, "X"): (21, 33), (36, "X"): (33, 33), (37, "X"): (33, 42),
}  # fmt: skip
"""West and east of zones that are wider or narrower than six degrees, around Norway and Svalbard."""


def _outline(extent: TileExtent, side_m: int) -> shapely.Geometry | None:
    """A square at the upper left of a tile, in longitude and latitude; None if it reaches beyond the projection."""
    left, top = extent.ulx_m, extent.uly_m
    square = shapely.segmentize(shapely.box(left, top - side_m, left + side_m, top), _STEP_M)
    (outline,) = project(np.array([square], dtype=object), extent.crs, _GEOGRAPHIC)
    points = shapely.get_coordinates(outline)
    if not np.isfinite(points).all():
        return None
    return _unwrapped(outline, points)


def _unwrapped(outline: shapely.Geometry, points: np.ndarray) -> shapely.Geometry:
    """The outline, in two parts where it crosses the 180th meridian."""
    if np.ptp(points[:, 0]) < 180:  # noqa: PLR2004 - degrees
        return outline
    turn = np.array([360.0, 0.0])
    east = shapely.transform(outline, lambda xy: np.where(xy[:, :1] < 0, xy + turn, xy))
    world, beyond = shapely.box(-180, -90, 180, 90), shapely.box(180, -90, 540, 90)
    moved = shapely.transform(shapely.intersection(east, beyond), lambda xy: xy - turn)
    return shapely.union(shapely.intersection(east, world), moved)
