"""The search in a STAC catalogue: items that a build can read, and why others were left out."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import shapely

from reben.acquire.choice import Candidate, best_per_season
from reben.acquire.options import SearchOptions
from reben.acquire.query import read_area
from reben.acquire.stac.catalogue import Item, StacCatalogue
from reben.acquire.stac.options import StacOptions
from reben.core.errors import AddressError, CatalogueError, ProductError
from reben.io.stac.items import StacItem, parse_item
from reben.io.stac.products import image_of, product_of, provider_of
from reben.io.stac.providers import PROVIDERS, Access, Provider
from reben.net.addresses import is_address, parse_address
from reben.net.requests import open_client
from reben.rules.tile_grid import tile_outline
from reben.work.context import Context

_KEPT_LINKS = frozenset({"self", "canonical", "collection"})
_VERSION = "1.0.0"
_WHOLE = 100.0  # percent


@dataclass
class StacResult:
    """What a search has found."""

    items: list[Item] = field(default_factory=list)
    """By id, with the assets that a build reads."""
    unusable: dict[str, str] = field(default_factory=dict)
    """Why other items cannot be used, by id."""
    passed_over: int = 0
    """Usable items that were not among the best of their season."""

    def collection(self) -> dict[str, Any]:
        """All items as a FeatureCollection."""
        return {"type": "FeatureCollection", "features": self.items}


def search_stac(options: SearchOptions, stac: StacOptions, context: Context | None = None) -> StacResult:
    """Look for items in a STAC catalogue.

    Args:
        options: place and time.
        stac: catalogue and collection.
        context: shows progress.

    Raises:
        CatalogueError: if a file or a value cannot be used, or the catalogue does not answer as it should.
        AddressError: if the catalogue would be asked without encryption.
    """
    context = context or Context()
    _expect_known(options, stac)
    result = StacResult()
    usable: dict[str, tuple[Item, Candidate | None]] = {}
    with open_client(1) as client, context.progress("searching") as begin:
        catalogue = StacCatalogue(stac.stac, client)
        questions = list(_questions(options, stac))
        progress = begin(len(questions))
        for question in questions:
            for raw in catalogue.items(question):
                _look_at(raw, options, stac, usable, result)
            progress(1)
    chosen = sorted(usable)
    if options.per_season is not None:
        chosen = best_per_season([found for _, found in usable.values() if found is not None], options.per_season)
    result.passed_over = len(usable) - len(chosen)
    result.items = [usable[name][0] for name in chosen]
    return result


def _expect_known(options: SearchOptions, stac: StacOptions) -> None:
    """Check what can be checked before anything is asked.

    Raises:
        CatalogueError: if the collection is not known, or has no clouds to choose by.
    """
    rows = [row for row in PROVIDERS if row.collection == stac.collection]
    if not rows:
        known = ", ".join(dict.fromkeys(row.collection for row in PROVIDERS))
        raise CatalogueError(f"collection {stac.collection!r} is not known", hint=f"give --collection, one of {known}")
    if not rows[0].is_sentinel2 and (options.cloud is not None or options.per_season is not None):
        raise CatalogueError(
            f"{stac.collection}: items show no clouds, and are not chosen by season",
            hint="leave --max-cloud and --per-season out",
        )


def _questions(options: SearchOptions, stac: StacOptions) -> Iterator[dict[str, Any]]:
    """A search for each polygon."""
    first = f"{options.first}T00:00:00Z" if options.first else ".."
    last = f"{options.last}T23:59:59.999Z" if options.last else ".."
    common: dict[str, Any] = {"collections": [stac.collection]}
    if options.first or options.last:
        common["datetime"] = f"{first}/{last}"
    if options.cloud is not None:
        common["query"] = {"eo:cloud_cover": {"lte": options.cloud}}
    polygons = (
        [shapely.from_wkt(text) for text in read_area(options.area)] if options.area else [tile_outline(options.tile)]
    )
    for polygon in polygons:
        yield common | {"intersects": json.loads(shapely.to_geojson(polygon))}


def _look_at(
    raw: Item,
    options: SearchOptions,
    stac: StacOptions,
    usable: dict[str, tuple[Item, Candidate | None]],
    result: StacResult,
) -> None:
    """Put an item among the usable ones or say why it is not; what does not match is nothing that was asked for."""
    name = str(raw.get("id"))
    try:
        item = parse_item(Path(stac.collection), 1, raw)
        if item.collection != stac.collection:
            raise ProductError(f"{name}: is of collection {item.collection!r}")  # noqa: TRY301 - noted below
        provider = provider_of(item)
        tile = product_of(item).name.tile if provider.is_sentinel2 else None
        slim = _slim(raw, item, provider)
    except (ProductError, AddressError) as error:
        result.unusable[name] = str(error)
        return
    cloud = item.properties.get("eo:cloud_cover")
    is_cloudy = options.cloud is not None and not (isinstance(cloud, int | float) and cloud <= options.cloud)
    if is_cloudy or (options.tile and tile is not None and tile.mgrs != options.tile.removeprefix("T")):
        return
    usable[name] = (slim, None if tile is None else Candidate(name, tile, hidden_pct(item.properties)))


def _slim(raw: Item, item: StacItem, provider: Provider) -> Item:
    """An item with what a build reads: no thumbnails, no signatures.

    Raises:
        ProductError: if a raster is not on a server of the provider.
        AddressError: if one would be read without encryption.
    """
    assets = {}
    for asset in provider.assets.values():
        if asset not in item.assets:
            continue
        href = raw["assets"][asset]["href"]
        if not is_address(href):
            raise ProductError(f"{item.id}: asset {asset!r} is not at an address: {href!r}")
        parse_address(image_of(item, provider, item.assets[asset]))
        assets[asset] = raw["assets"][asset] | {
            "href": href.partition("?")[0] if provider.access is Access.sas else href
        }
    links = raw.get("links")
    kept = [link for link in links if isinstance(link, dict)] if isinstance(links, list) else []
    return {
        "type": "Feature",
        "stac_version": raw.get("stac_version", _VERSION),
        "stac_extensions": raw.get("stac_extensions", []),
        "id": item.id,
        "collection": item.collection,
        "geometry": raw.get("geometry"),
        "bbox": raw.get("bbox"),
        "properties": dict(sorted(item.properties.items())),
        "links": [link for link in kept if str(link.get("rel")) in _KEPT_LINKS],
        "assets": assets,
    }


def hidden_pct(properties: Mapping[str, Any]) -> float:
    """Share of a tile, in percent, that is cloudy or not covered, as far as a catalogue tells it; 100 if it does not.

    `eo:cloud_cover` is a share of what is covered, and `s2:nodata_pixel_percentage` says how much is not.

    >>> hidden_pct({"eo:cloud_cover": 10, "s2:nodata_pixel_percentage": 50})
    55.0
    """
    cloud, empty = (_percent(properties.get(name)) for name in ("eo:cloud_cover", "s2:nodata_pixel_percentage"))
    if cloud is None:
        return _WHOLE
    return (empty or 0.0) + (_WHOLE - (empty or 0.0)) * cloud / _WHOLE


def _percent(value: object) -> float | None:
    is_share = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _WHOLE
    return float(value) if is_share and isinstance(value, int | float) else None
