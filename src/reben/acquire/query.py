"""Questions to the catalogue, as OData filters, and the areas that they ask for.

Sources: https://documentation.dataspace.copernicus.eu/APIs/OData.html, section "Filter option"; RFC 7946 (coordinates
are longitude and latitude, WGS 84); the service refuses multipolygons.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path

import shapely

from reben.core.errors import CatalogueError
from reben.io.small_files import read_json

_TILE = re.compile(r"T?(?P<tile>\d{2}[C-HJ-NP-X][A-HJ-NP-Z][A-HJ-NP-V])", re.ASCII)


class ProductKind(StrEnum):
    """Kinds of products."""

    l1c = "L1C"
    l2a = "L2A"
    grd = "GRD"


_COLLECTIONS = {
    ProductKind.l1c: ("SENTINEL-2", "S2MSI1C"),
    ProductKind.l2a: ("SENTINEL-2", "S2MSI2A"),
    ProductKind.grd: ("SENTINEL-1", "IW_GRDH_1S"),
}
"""Collection and productType of each kind."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which products."""

    kind: ProductKind = ProductKind.l1c
    tile: str = ""
    """MGRS tile, with or without the leading T."""
    start: date | None = None
    """First day of the acquisitions, UTC."""
    end: date | None = None
    """Last day of the acquisitions, UTC; it counts."""
    cloud_pct: float | None = None
    """Highest share of clouds that the catalogue states, in percent."""
    polygons: tuple[str, ...] = ()
    """Areas of which products must cover some part: WKT polygons, longitude and latitude in degrees (WGS 84)."""

    def __post_init__(self) -> None:
        """Refuse questions that cannot be asked.

        Raises:
            CatalogueError: if tile, days or clouds are impossible, or neither tile nor area is given.
        """
        if not self.tile and not self.polygons:
            raise CatalogueError("neither a tile nor an area is given", hint="give --tile or --area")
        if self.tile and not _TILE.fullmatch(self.tile):
            raise CatalogueError(f"{self.tile!r} is not an MGRS tile; expected one like 33UUP")
        if self.start and self.end and self.end < self.start:
            raise CatalogueError(f"the last day, {self.end}, is before the first, {self.start}")
        if self.cloud_pct is not None and not 0 <= self.cloud_pct <= 100:  # noqa: PLR2004
            raise CatalogueError(f"{self.cloud_pct} is not a share of clouds; expected 0 to 100 percent")
        if ProductKind.grd is self.kind and (self.tile or self.cloud_pct is not None):
            raise CatalogueError("Sentinel-1 products have neither tiles nor clouds", hint="give --area")

    def filters(self) -> list[str]:
        """One filter per area, or one if there is none: the service does not take several polygons at a time."""
        common = " and ".join(self._common())
        if not self.polygons:
            return [common]
        return [f"{common} and OData.CSC.Intersects(area=geography'SRID=4326;{polygon}')" for polygon in self.polygons]

    def _common(self) -> list[str]:
        collection, kind = _COLLECTIONS[self.kind]
        parts = [f"Collection/Name eq '{collection}'", _attribute("String", "productType", "eq", f"'{kind}'")]
        if match := _TILE.fullmatch(self.tile):
            parts.append(_attribute("String", "tileId", "eq", f"'{match['tile']}'"))
        if self.cloud_pct is not None:
            parts.append(_attribute("Double", "cloudCover", "le", f"{self.cloud_pct:.2f}"))
        if self.start:
            parts.append(f"ContentDate/Start ge {self.start}T00:00:00.000Z")
        if self.end:
            parts.append(f"ContentDate/Start lt {self.end + timedelta(days=1)}T00:00:00.000Z")
        return parts


def names_filter(names: Sequence[str]) -> str:
    """The filter for products of exactly these names.

    >>> names_filter(["A.SAFE", "B.SAFE"])
    "Name eq 'A.SAFE' or Name eq 'B.SAFE'"
    """
    quoted = (name.replace("'", "''") for name in names)
    return " or ".join(f"Name eq '{name}'" for name in quoted)


def _attribute(kind: str, name: str, comparison: str, value: str) -> str:
    attribute = f"OData.CSC.{kind}Attribute"
    return f"Attributes/{attribute}/any(att:att/Name eq '{name}' and att/{attribute}/Value {comparison} {value})"


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
    polygons = [_checked(path, polygon) for polygon in _read(path)]
    if not 0 < len(polygons) <= _MOST_POLYGONS:
        raise CatalogueError(f"{path}: has {len(polygons)} polygons; expected 1 to {_MOST_POLYGONS}")
    return tuple(polygons)


def read_polygons(path: Path) -> list[shapely.Polygon]:
    """The polygons of a GeoJSON file as they are, in longitude and latitude.

    Raises:
        CatalogueError: if the file cannot be read, has no polygon, or coordinates that are none.
    """
    polygons = _read(path)
    for polygon in polygons:
        _checked(path, polygon)
    if not polygons:
        raise CatalogueError(f"{path}: has no polygons", hint="give polygons, EPSG:4326")
    return [polygon for part in polygons for polygon in shapely.get_parts(shapely.make_valid(part))]


def _read(path: Path) -> list[shapely.Polygon]:
    """All polygons in a GeoJSON file.

    Raises:
        CatalogueError: if it cannot be read.
    """
    value = read_json(path, error=CatalogueError, hint="give polygons, EPSG:4326", most_bytes=_MOST_BYTES)
    try:
        return list(_polygons(value))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, shapely.errors.ShapelyError) as error:
        reason = str(error) or type(error).__name__
        raise CatalogueError(
            f"{path}: cannot be read as GeoJSON ({reason})", hint="give polygons, EPSG:4326"
        ) from error


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
