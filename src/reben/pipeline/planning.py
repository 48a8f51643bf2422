"""What a data set of an area takes, before anything is fetched: tiles, products, bytes, hours, memory.

Figures per tile are those that were measured (docs/benchmarks.md, docs/whole-reben.md): one full-size tile on two
processors. They are multiplied, not simulated: take the results as orders of magnitude.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, field_validator

from reben.acquire.query import ProductKind, read_polygons
from reben.core.errors import PipelineError
from reben.core.grid import PatchGrid
from reben.core.wording import in_bytes
from reben.io.store.sizes import VALUE_BYTES, disk_bytes
from reben.pipeline.configuration import Configuration
from reben.rules.seasons import season_periods
from reben.rules.tile_grid import tiles_of
from reben.work.options import Location, Options, Positive

_PRODUCT_BYTES = 800_000_000
"""Of a zip file with an L2A product: an estimate, as no product was downloaded here."""
_PRODUCT_FOLDER_BYTES = 720_000_000
_PATCH_BYTES = sum(map(disk_bytes, VALUE_BYTES.values()))
"""In a store: Sentinel-2, Sentinel-1 and reference map."""
_PATCHES = PatchGrid().patches_per_side ** 2
_BUILD_S, _BUILD_PROCESSORS, _BUILD_MEMORY_BYTES = 90.0, 2, 2_200_000_000
_CORRECT_S = 223.0
_REQUESTS_PER_PRODUCT = 1
_EARLIEST = 2015
_SHOWN = 20


class PlanOptions(Options):
    """Which data set is planned, and with how much help."""

    area: Annotated[Location, Field(examples=["area.geojson"])]
    """GeoJSON file with polygons (EPSG:4326)."""
    years: Annotated[str, Field(pattern=r"^\d{4}(-\d{4})?$", examples=["2018-2025"])]
    """Year, or first and last year, such as 2018-2025; winters belong to the year in which they end."""
    per_season: Positive = 1
    """Products per tile and season."""
    max_cloud: Annotated[float, Field(ge=0, le=100)] = 20
    """Maximum cloud cover of a product in percent."""
    land_cover: Annotated[str, Field(min_length=1)] = "land-cover"
    """Land cover for the build: file, or folder of rasters."""
    legend: str = "worldcover"
    """Legend of the land cover."""
    workers: Positive = 1
    """Tiles that are built at a time, each with two processors."""
    price: Annotated[float | None, Field(ge=0, examples=[0.1])] = None
    """Price of a worker (two processors, 2.2 GB of memory) for an hour, in any currency."""

    @field_validator("years")
    @classmethod
    def _expect_order(cls, text: str) -> str:
        first, last = text[:4], text[-4:]
        if not _EARLIEST <= int(first) <= int(last):
            raise ValueError(f"the first year must be {_EARLIEST} or later, and not after the last")
        return text

    @property
    def first(self) -> date:
        """First day: winters begin in December."""
        return date(int(self.years[:4]) - 1, 12, 1)

    @property
    def last(self) -> date:
        """Last day."""
        return date(int(self.years[-4:]), 11, 30)


@dataclass(frozen=True)
class Plan:
    """What it takes."""

    tiles: tuple[str, ...]
    products: int
    questions: int
    """To the catalogue."""
    workers: int
    seasons: int
    price: float | None = None
    """Of a worker for an hour."""

    @property
    def patches(self) -> int:
        """As many as there can be."""
        return self.products * _PATCHES

    @property
    def build_hours(self) -> float:
        """With the given workers, each on two processors."""
        return self.products * _BUILD_S / self.workers / 3600

    @property
    def build_price(self) -> float | None:
        """Of all workers until the last tile is built; None if nobody says what they cost."""
        return None if self.price is None else round(self.build_hours * self.workers * self.price, 2)

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "tiles": list(self.tiles),
            "seasons": self.seasons,
            "products": self.products,
            "questions_to_the_catalogue": self.questions,
            "downloads": self.products * _REQUESTS_PER_PRODUCT,
            "download_bytes": self.products * _PRODUCT_BYTES,
            "products_bytes": self.products * _PRODUCT_FOLDER_BYTES,
            "patches_at_most": self.patches,
            "store_bytes_at_most": self.patches * _PATCH_BYTES,
            "workers": self.workers,
            "processors": self.workers * _BUILD_PROCESSORS,
            "memory_bytes": self.workers * _BUILD_MEMORY_BYTES,
            "build_hours": round(self.build_hours, 2),
            "build_price": self.build_price,
            "correction_hours_if_l1c": round(self.products * _CORRECT_S / self.workers / 3600, 2),
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        found = self.as_dict()
        more = f" and {len(self.tiles) - _SHOWN:,} more" if len(self.tiles) > _SHOWN else ""
        yield f"tiles        {len(self.tiles):,}: {', '.join(self.tiles[:_SHOWN])}{more}"
        yield f"products     {self.products:,} of {self.seasons} seasons; {self.questions:,} questions to the catalogue"
        yield f"download     about {in_bytes(found['download_bytes'])}, unpacked {in_bytes(found['products_bytes'])}"
        yield f"patches      {self.patches:,} at most; a store of {in_bytes(found['store_bytes_at_most'])} at most"
        yield (
            f"building     {self.build_hours:,.1f} hours with {self.workers} worker{'s' * (self.workers > 1)} "
            f"({found['processors']} processors, {in_bytes(found['memory_bytes'])} of memory)"
        )
        if self.build_price is not None:
            yield f"price        {self.build_price:,.2f} for the workers, without storage and transfer"
        yield f"correcting   {found['correction_hours_if_l1c']:,.1f} hours more, if products are L1C (--engine 6s)"


def make_plan(options: PlanOptions) -> Plan:
    """Count what an area takes.

    Raises:
        CatalogueError: if the area cannot be read.
        PipelineError: if no tile shows it.
    """
    tiles = tuple(tiles_of(read_polygons(options.area)))
    if not tiles:
        raise PipelineError(f"{options.area}: no tile of Sentinel-2 shows this area", hint="check its coordinates")
    seasons = len(list(season_periods(options.first, options.last)))
    questions = len(tiles) * seasons
    return Plan(tiles, questions * options.per_season, questions, options.workers, seasons, options.price)


def configuration_of(options: PlanOptions, output: Path) -> str:
    """A configuration for `reben pipeline` that builds what was planned, as YAML.

    Args:
        options: of the plan.
        output: where it will lie; paths are written as they were given, from the folder of this file or absolute.

    Raises:
        PipelineError: if it would not be a configuration.
    """
    area = options.area.absolute()
    values: dict[str, Any] = {
        "output": output.stem,
        "search": {
            "area": str(area),
            "from": options.first.isoformat(),
            "to": options.last.isoformat(),
            "cloud": options.max_cloud,
            "per_season": options.per_season,
            "type": ProductKind.l2a.value,
        },
        "build": {
            "clc": options.land_cover,
            "legend": options.legend,
            "format": "store",
            "split_by": "blocks",
            "max_cloud": 0.5,
            "workers": options.workers,
        },
        "encode": "skip",
        "on_error": "skip",
    }
    Configuration.model_validate(values, context={"folder": output.parent})
    return f"# Made by reben plan; reben pipeline --example shows all keys.\n{yaml.safe_dump(values, sort_keys=False)}"
