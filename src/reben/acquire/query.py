"""Questions to the catalogue, as OData filters.

Source: https://documentation.dataspace.copernicus.eu/APIs/OData.html, section "Filter option".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from reben.core.errors import CatalogueError

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
