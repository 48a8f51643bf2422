"""Options of the search for products and of their download."""

from dataclasses import replace
from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from reben.acquire.access import MOST_CONNECTIONS
from reben.acquire.query import ProductKind
from reben.work.options import Location, OnCommandLine, Options

_NAMES, _QUERY = OnCommandLine(panel="By name"), OnCommandLine(panel="By place and time")


class NameOptions(Options):
    """Products by name."""

    names: Annotated[
        tuple[str, ...], Field(examples=[["S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE"]])
    ] = ()
    """Product names, with or without .SAFE."""
    names_file: Annotated[Location | None, replace(_NAMES, option="--names"), Field(examples=["names.csv"])] = None
    """CSV file with a column name, or with one name a line."""
    reben: Annotated[bool, _NAMES] = False
    """Look for the 125 products of reBEN."""


class PlaceOptions(Options):
    """Where and when something was seen."""

    tile: Annotated[str, _QUERY, Field(examples=["33UUP"])] = ""
    """MGRS tile, such as 33UUP."""
    area: Annotated[Location | None, _QUERY, Field(examples=["area.geojson"])] = None
    """GeoJSON file with polygons (EPSG:4326); may be given with a tile."""
    first: Annotated[date | None, Field(alias="from", examples=[date(2017, 6, 1)]), _QUERY] = None
    """First day (UTC)."""
    last: Annotated[date | None, Field(alias="to", examples=[date(2017, 6, 30)]), _QUERY] = None
    """Last day (UTC); it counts."""


class SearchOptions(PlaceOptions, NameOptions):
    """Products to look for in the catalogue: by name, or else by place and time."""

    cloud: Annotated[
        float | None,
        Field(ge=0, le=100, examples=[10]),
        replace(_QUERY, option="--max-cloud", former="--cloud"),
    ] = None
    """Maximum cloud cover in percent."""
    per_season: Annotated[int | None, Field(ge=1, examples=[1]), _QUERY] = None
    """Keep this many products per tile and season: those that show the most clear ground."""
    type: Annotated[ProductKind, _QUERY] = ProductKind.l1c
    """Kind of products: L1C and L2A are Sentinel-2, GRD is Sentinel-1."""

    @model_validator(mode="after")
    def _expect_one_way(self) -> Self:
        if self.is_by_name == bool(self.tile or self.area):
            raise ValueError("give names (names, names_file or reben), or else a place (tile or area)")
        if self.per_season is not None and (self.is_by_name or self.type is ProductKind.grd):
            raise ValueError("per_season chooses among Sentinel-2 products of a place, which have tiles and clouds")
        if self.per_season is not None and (self.first is None or self.last is None):
            raise ValueError("per_season needs the first and the last day (from, to)")
        return self

    @property
    def is_by_name(self) -> bool:
        """Whether products are looked for by name, and not by place and time."""
        return bool(self.names or self.names_file or self.reben)


class DownloadOptions(Options):
    """How products are downloaded."""

    parallel: Annotated[
        int, Field(ge=1, le=MOST_CONNECTIONS), OnCommandLine(option="--workers", former="--parallel")
    ] = MOST_CONNECTIONS
    """Products at a time; the service allows one user 4 connections."""
    unpack: bool = False
    """Make .SAFE folders instead of keeping the zip files."""
    verify: bool = False
    """Read what is there already again, and compare all of it."""
