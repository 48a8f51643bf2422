"""Files of STAC items, as `reben search --stac` and other clients write them: one item, or a collection of items.

An item of a file is named by a path: that of the file, and below it the item's id.

Source: STAC specification 1.0 and 1.1, "Item", "Item Collection", "Common Metadata"; raster extension 1 and 2.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reben.core.errors import ProductError
from reben.io.small_files import MOST_REPORT_BYTES, is_regular, read_json
from reben.net.addresses import is_address

SUFFIXES = frozenset({".json", ".geojson"})
"""Of files that may hold items; in any case."""
HINT = "give items as `reben search --stac` writes them: a FeatureCollection of STAC items"
_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,199}", re.ASCII)
_MOST_ITEMS = 200_000
_BBOX = (4, 6)
"""Numbers of a box: flat, or with heights."""
_BEGINNING = 1 << 16
"""Bytes of a file within which its first item says of which version of STAC it is."""
_RASTER_FACTS = {"scale": "raster:scale", "offset": "raster:offset", "nodata": "nodata"}
"""Names of facts in the raster extension 1, and in STAC 1.1 with the raster extension 2."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of an item."""

    href: str
    """Address, or absolute path."""
    fields: Mapping[str, Any]
    """All that the item says of it."""

    def raster_fact(self, name: str) -> float | None:
        """`scale`, `offset` or `nodata` of the only band, wherever it is stated; None if it is not.

        Raises:
            ProductError: if it is not a number, or stated twice with other values.
        """
        newer = _RASTER_FACTS[name]
        places = [
            *((part, name) for part in _objects(self.fields.get("raster:bands"))),
            *((part, newer) for part in _objects(self.fields.get("bands"))),
            (self.fields, newer),
        ]
        found = {part[key] for part, key in places if isinstance(part.get(key), int | float)}
        if len(found) > 1:
            raise ProductError(f"{self.href.partition('?')[0]}: states {name} as {found}", hint="expected one band")
        return float(found.pop()) if found else None


@dataclass(frozen=True, slots=True)
class StacItem:
    """An item of a file."""

    file: Path
    id: str
    collection: str
    properties: Mapping[str, Any]
    assets: Mapping[str, Asset]
    bbox: tuple[float, float, float, float] | None = None
    """West, south, east, north in degrees, if the item says so."""

    @property
    def path(self) -> Path:
        """How the item is named."""
        return self.file / self.id

    def text(self, name: str) -> str:
        """A property that is a text.

        Raises:
            ProductError: if it is missing or something else.
        """
        value = self.properties.get(name)
        if not isinstance(value, str) or not value:
            raise ProductError(f"{self.path}: has no property {name}", hint="the item cannot be used without it")
        return value


@dataclass(frozen=True, slots=True)
class ItemsFile:
    """What a file holds."""

    items: Mapping[str, StacItem]
    """By id, in the order of the file."""
    repeated: tuple[str, ...] = ()
    """Ids of items that are there several times, each time the same."""


def is_items_file(path: Path) -> bool:
    """Whether a path may name a file of items."""
    return path.suffix.lower() in SUFFIXES and is_regular(path)


def holds_items(path: Path) -> bool:
    """Whether a path names a file of items, and not another GeoJSON file: its beginning names the standard."""
    if not is_items_file(path):
        return False
    with path.open("rb") as file:
        return b'"stac_version"' in file.read(_BEGINNING)


def is_item(path: Path) -> bool:
    """Whether a path names an item of a file."""
    return is_items_file(path.parent)


def file_of(path: Path) -> Path | None:
    """The file of items that a path names, or in which it names an item; None if it names something else."""
    return next((place for place in (path, path.parent) if is_items_file(place)), None)


def read_items(path: Path) -> ItemsFile:
    """Read all items of a file, once for each state of the file.

    Raises:
        ProductError: if it cannot be read, or holds something else.
    """
    try:
        state = path.stat()
    except OSError as error:
        raise ProductError(f"{path}: cannot be read ({error})", hint=HINT) from error
    return _read_items(path, state.st_size, state.st_mtime_ns)


def read_item(path: Path) -> StacItem:
    """Read one item of a file.

    Args:
        path: of the file, and below it the item's id.

    Raises:
        ProductError: if there is none.
    """
    item = read_items(path.parent).items.get(path.name)
    if item is None:
        raise ProductError(f"{path.parent}: has no item {path.name!r}", hint=HINT)
    return item


@lru_cache(maxsize=8)
def _read_items(path: Path, *_state: int) -> ItemsFile:
    value = read_json(path, error=ProductError, hint=HINT, most_bytes=MOST_REPORT_BYTES)
    items: dict[str, StacItem] = {}
    raw: dict[str, object] = {}
    repeated = []
    for number, feature in enumerate(_features(path, value), start=1):
        item = parse_item(path, number, feature)
        if item.id not in items:
            items[item.id], raw[item.id] = item, feature
        elif raw[item.id] == feature:
            repeated.append(item.id)
        else:
            raise ProductError(f"{path}: has two different items {item.id!r}", hint="keep one of them")
    if not items:
        raise ProductError(f"{path}: has no items", hint=HINT)
    return ItemsFile(MappingProxyType(items), tuple(repeated))


def _features(path: Path, value: object) -> Iterator[object]:
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(value, dict) and kind == "Feature":
        yield value
        return
    features = value.get("features") if isinstance(value, dict) else None
    if kind != "FeatureCollection" or not isinstance(features, list) or len(features) > _MOST_ITEMS:
        raise ProductError(f"{path}: is neither a STAC item nor a FeatureCollection of items", hint=HINT)
    yield from features


def parse_item(path: Path, number: int, feature: object) -> StacItem:
    """One item, as JSON has it.

    Args:
        path: of the file that holds it.
        number: of the item, from 1, for messages.
        feature: the item.

    Raises:
        ProductError: if it is none.
    """
    where = f"{path}, item {number}"
    if not isinstance(feature, dict):
        raise ProductError(f"{where}: is not an object", hint=HINT)
    name, properties, assets = feature.get("id"), feature.get("properties"), feature.get("assets")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise ProductError(f"{where}: has the id {name!r}; expected letters, digits, dots, - and _", hint=HINT)
    if not isinstance(properties, dict) or not isinstance(assets, dict):
        raise ProductError(f"{where} ({name}): has no properties or no assets", hint=HINT)
    collection = feature.get("collection")
    return StacItem(
        path,
        name,
        collection if isinstance(collection, str) else "",
        MappingProxyType(properties),
        MappingProxyType({str(key): _asset(path, name, key, asset) for key, asset in assets.items()}),
        _bbox(feature.get("bbox")),
    )


def _bbox(value: object) -> tuple[float, float, float, float] | None:
    """West, south, east and north of a box that may have heights, too."""
    if not isinstance(value, list) or len(value) not in _BBOX or not all(isinstance(n, int | float) for n in value):
        return None
    half = len(value) // 2
    west, south, east, north = map(float, (*value[:2], *value[half : half + 2]))
    return (west, south, east, north) if south < north else None


def _asset(path: Path, name: str, key: str, asset: object) -> Asset:
    href = asset.get("href") if isinstance(asset, dict) else None
    if not isinstance(asset, dict) or not isinstance(href, str) or not href or href.startswith("/vsi"):
        raise ProductError(f"{path / name}: asset {key!r} has no usable href", hint=HINT)
    return Asset(href if is_address(href) else str(path.absolute().parent / href), MappingProxyType(asset))


def _objects(value: object) -> list[dict[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
