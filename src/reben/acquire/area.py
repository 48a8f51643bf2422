"""Areas of interest: GeoJSON to the polygons of a query.

Source: RFC 7946 (coordinates are longitude and latitude, WGS 84); the service refuses multipolygons.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import shapely

from reben.core.errors import CatalogueError
from reben.io.small_files import read_json

_MOST_BYTES = 1 << 22
_MOST_POLYGONS = 50
_MOST_POINTS = 150
"""Per polygon: questions travel in addresses, which servers cut at some 8,000 characters."""
_DIGITS = 6  # a tenth of a metre


def read_area(path: Path) -> tuple[str, ...]:
    """The polygons of a GeoJSON file as WKT; holes are left out, too many points are thinned within the hull.

    Raises:
        CatalogueError: if the file cannot be read, has no polygon or too many, or coordinates that are none.
    """
    value = read_json(path, error=CatalogueError, hint="give polygons, EPSG:4326", most_bytes=_MOST_BYTES)
    try:
        polygons = [_checked(path, polygon) for polygon in _polygons(value)]
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, shapely.errors.ShapelyError) as error:
        reason = str(error) or type(error).__name__
        raise CatalogueError(
            f"{path}: cannot be read as GeoJSON ({reason})", hint="give polygons, EPSG:4326"
        ) from error
    if not 0 < len(polygons) <= _MOST_POLYGONS:
        raise CatalogueError(f"{path}: has {len(polygons)} polygons; expected 1 to {_MOST_POLYGONS}")
    return tuple(polygons)


def _polygons(value: object) -> Iterator[shapely.Polygon]:
    if not isinstance(value, dict):
        raise TypeError("expected an object")
    kind = value.get("type")
    if kind == "FeatureCollection":
        for feature in value["features"]:
            yield from _polygons(feature)
    elif kind == "Feature":
        yield from _polygons(value["geometry"])
    elif kind == "GeometryCollection":
        for geometry in value["geometries"]:
            yield from _polygons(geometry)
    else:
        geometry = shapely.from_geojson(json.dumps(value))
        yield from (part for part in shapely.get_parts(geometry) if isinstance(part, shapely.Polygon))


def _checked(path: Path, polygon: shapely.Polygon) -> str:
    """The outline as WKT.

    Raises:
        CatalogueError: if it lies outside the world, or has no area.
    """
    west, south, east, north = polygon.bounds if not polygon.is_empty else (0.0, 0.0, 0.0, 0.0)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):  # noqa: PLR2004 - degrees
        raise CatalogueError(
            f"{path}: a polygon spans {west}, {south}, {east}, {north}",
            hint="expected west, south, east, north in degrees: longitude and latitude, WGS 84",
        )
    outline = shapely.Polygon(polygon.exterior)
    if shapely.get_num_coordinates(outline) > _MOST_POINTS:
        outline = outline.convex_hull  # covers the same ground and more: nothing is missed
    if shapely.get_num_coordinates(outline) > _MOST_POINTS:
        outline = shapely.box(*outline.bounds)
    return str(shapely.to_wkt(outline, rounding_precision=_DIGITS, output_dimension=2))
