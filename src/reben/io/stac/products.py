"""STAC items as Sentinel-2 L2A products: what an item says, held against the row of its provider.

Source: STAC, projection extension (`proj:code`, `proj:epsg`, `proj:shape`, `proj:transform`); `providers.py`.
"""

import re
from math import isclose
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from reben.core.bands import BANDS, S2_BANDS
from reben.core.errors import AddressError, NameFormatError, ProductError
from reben.core.grid import TileExtent
from reben.core.names import ProductName
from reben.core.wording import first_of
from reben.io.l2a_product import L2A_QUANTIFICATION, L2aProduct
from reben.io.safe.geocoding import expect_tile
from reben.io.stac.items import Asset, StacItem, read_item
from reben.io.stac.providers import (
    BOA_ADD_OFFSET,
    FIRST_BASELINE_WITH_OFFSET,
    OFFSET_FLAG,
    PROVIDERS,
    SCENE_CLASSES,
    OffsetRule,
    Provider,
    find_provider,
)
from reben.net.addresses import is_address, is_local, parse_address

_BASELINE = re.compile(r"\d\d\.\d\d")
_EXTENT_BAND = "B02"
_TRANSFORM = 6  # numbers, and perhaps the matrix's last row


def open_item(path: Path) -> L2aProduct:
    """Read an item as a product.

    Args:
        path: of the file of items, and below it the item's id.

    Raises:
        ProductError: if it is none, lacks a band, or contradicts itself.
    """
    return product_of(read_item(path))


def product_of(item: StacItem) -> L2aProduct:
    """What an item says of a product.

    Raises:
        ProductError: if it describes none, lacks a band, or contradicts itself.
    """
    provider, path = provider_of(item), item.path
    if not provider.is_sentinel2:
        raise ProductError(
            f"{path}: is of {provider.collection}, not an L2A product", hint=f"give it with {provider.goes_with}"
        )
    missing = [band for band in S2_BANDS if provider.assets[band] not in item.assets]
    if missing:
        raise ProductError(
            f"{path}: lacks {', '.join(missing)} (assets {', '.join(provider.assets[band] for band in missing)})",
            hint="search again, or leave the item out",
        )
    name, baseline = _name_and_baseline(item, provider)
    rasters = {band: item.assets[asset] for band, asset in provider.assets.items() if asset in item.assets}
    images = {band: image_of(item, provider, asset) for band, asset in rasters.items()}
    scene_classes = images.pop(SCENE_CLASSES, None)
    on_disk = [image for image in (*images.values(), scene_classes) if image is not None and not is_address(image)]
    return L2aProduct(
        path=path,
        name=name,
        baseline=baseline,
        quality=None,
        offsets=MappingProxyType({band: _offset(item, provider, baseline, rasters[band]) for band in S2_BANDS}),
        images=MappingProxyType(images),
        scene_classes=scene_classes,
        extent=_extent(item, rasters[_EXTENT_BAND]),
        files=tuple(dict.fromkeys(Path(image) for image in on_disk)),
    )


def provider_of(item: StacItem) -> Provider:
    """The row of an item.

    Raises:
        ProductError: if there is none.
    """
    provider = find_provider(item.collection, frozenset(item.assets))
    if provider is None:
        known = first_of([f"{row.collection} ({row.title})" for row in PROVIDERS], len(PROVIDERS))
        raise ProductError(
            f"{item.path}: collection {item.collection!r} with assets {first_of(sorted(item.assets))} is not known",
            hint=f"expected items of {known}",
        )
    return provider


def image_of(item: StacItem, provider: Provider, asset: Asset) -> str:
    """Address or path of a raster, which lies where the provider's do, or on this machine.

    Raises:
        ProductError: if it lies elsewhere, or its address cannot be asked.
    """
    href = asset.href
    if not is_address(href):
        return href
    try:
        parse_address(href)
    except AddressError as error:
        raise ProductError(f"{item.path}: {error}", hint=error.hint) from error
    if is_local(href):
        return href
    host = (urlsplit(href).hostname or "").lower()
    if not any(href.startswith(end) if "://" in end else host.endswith(end) for end in provider.hosts):
        raise ProductError(
            f"{item.path}: {href.partition('?')[0]} lies on another server than {provider.title}'s "
            f"{provider.collection}; expected {' or '.join(provider.hosts)}",
            hint="what such a raster holds is not known; copies are read from this machine",
        )
    return href


def _name_and_baseline(item: StacItem, provider: Provider) -> tuple[ProductName, str]:
    """Name of ESA's product, and its processing baseline.

    Raises:
        ProductError: if there is none, or both contradict each other.
    """
    text = item.text(provider.name_in) if provider.name_in else item.id
    try:
        name = ProductName.parse(text)
    except NameFormatError as error:
        raise ProductError(f"{item.path}: {error}", hint="the item names no product of ESA") from error
    baseline = item.text(provider.baseline_in)
    if name.tile.level != "L2A" or not _BASELINE.fullmatch(baseline) or baseline.replace(".", "") != name.tile.baseline:
        raise ProductError(
            f"{item.path}: says {provider.baseline_in} {baseline!r} of {text}; expected the baseline in the name of an "
            "L2A product",
            hint="leave the item out: what was done to its values is not known",
        )
    return name, baseline


def _offset(item: StacItem, provider: Provider, baseline: str, asset: Asset) -> int:
    """What must be added to digital numbers.

    Raises:
        ProductError: if the item does not tell, or contradicts itself.
    """
    scale, nodata = asset.raster_fact("scale"), asset.raster_fact("nodata")
    where = f"{item.path}: {asset.href.partition('?')[0]}"
    if scale is not None and not isclose(scale * L2A_QUANTIFICATION, 1):
        raise ProductError(f"{where} states a scale of {scale:g}; expected {1 / L2A_QUANTIFICATION:g}")
    if nodata is not None and nodata != provider.nodata:
        raise ProductError(f"{where} states {nodata:g} as nodata; expected {provider.nodata:g}")
    of_esa = BOA_ADD_OFFSET if baseline >= FIRST_BASELINE_WITH_OFFSET else 0
    if provider.offset is OffsetRule.flagged:
        return _unless_applied(item, of_esa)
    offset = asset.raster_fact("offset")
    stated = None if offset is None else round(offset * L2A_QUANTIFICATION)
    if stated is None and provider.offset is OffsetRule.by_baseline:
        return of_esa
    if stated != of_esa:
        said = "no offset" if offset is None else f"an offset of {offset:g}"
        raise ProductError(
            f"{where} states {said}, but baseline {baseline} has {of_esa / L2A_QUANTIFICATION:g}",
            hint="leave the item out: what was done to its values is not known",
        )
    return of_esa


def _unless_applied(item: StacItem, of_esa: int) -> int:
    """The offset, where a property says whether it has been added.

    Raises:
        ProductError: if it says that it was not, which is wrong of many items, or nothing.
    """
    if of_esa == 0 or item.properties.get(OFFSET_FLAG) is True:
        return 0
    raise ProductError(
        f"{item.path}: says {OFFSET_FLAG}: {item.properties.get(OFFSET_FLAG)}, which is known to be wrong of some "
        "items of this collection, and nothing else tells whether the offset has been added",
        hint="take the collection sentinel-2-c1-l2a, another catalogue, or the .SAFE",
    )


def _extent(item: StacItem, asset: Asset) -> TileExtent | None:
    """Where the item says that the tile lies; None if it does not.

    Raises:
        ProductError: if what it says can be no tile.
    """
    facts = {
        name: asset.fields.get(f"proj:{name}", item.properties.get(f"proj:{name}"))
        for name in ("code", "epsg", "shape", "transform")
    }
    crs = facts["code"] or (f"EPSG:{facts['epsg']}" if facts["epsg"] else None)
    if crs is None or facts["shape"] is None or facts["transform"] is None:
        return None
    try:
        (rows, columns), (width, _, ulx_m, _, height, uly_m) = facts["shape"], facts["transform"][:_TRANSFORM]
        sides = {int(rows * -height), int(columns * width)}
        (side_m,) = sides
        resolution_m = BANDS[_EXTENT_BAND].resolution_m
        if (width, height) != (resolution_m, -resolution_m):
            raise ValueError(f"pixels of {width} x {height}")  # noqa: TRY301 - told below, with the item's name
        extent = TileExtent(str(crs), float(ulx_m), float(uly_m), side_m)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise ProductError(
            f"{item.path}: proj:shape {facts['shape']!r} and proj:transform {facts['transform']!r} of "
            f"{_EXTENT_BAND} describe no tile; expected a square of pixels of {BANDS[_EXTENT_BAND].resolution_m} m",
            hint="leave the item out, or remove what it says of proj:",
        ) from error
    expect_tile(str(item.path), extent)
    return extent
