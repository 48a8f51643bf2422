"""A stand-in for STAC catalogues: products as Cloud-Optimized GeoTIFFs with items as each provider writes them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import rasterio
from rasterio.shutil import copy

from reben.io.safe.l2a import open_product
from reben.io.stac.providers import OFFSET_FLAG, PROVIDERS, SCENE_CLASSES, OffsetRule, Provider

OFFSET = -1000


def row(title: str, collection: str) -> Provider:
    """The row of a provider."""
    return next(found for found in PROVIDERS if (found.title, found.collection) == (title, collection))


def write_cogs(product: Path, folder: Path) -> dict[str, Path]:
    """The rasters of a `.SAFE` as Cloud-Optimized GeoTIFFs, by band."""
    folder.mkdir(parents=True, exist_ok=True)
    opened = open_product(product)
    images = dict(opened.images) | ({SCENE_CLASSES: opened.scene_classes} if opened.scene_classes else {})
    for band, image in images.items():
        with rasterio.open(image) as source:
            copy(source, folder / f"{band}.tif", driver="COG", BLOCKSIZE=128, COMPRESS="DEFLATE")
    return {band: folder / f"{band}.tif" for band in images}


def make_item(
    provider: Provider,
    name: str,
    hrefs: Mapping[str, str],
    *,
    applied: bool | None = None,
    cloud: float = 1.0,
    crs: str = "EPSG:32633",
) -> dict[str, Any]:
    """An item as a provider writes it.

    Args:
        provider: its row.
        name: of ESA's product.
        hrefs: where rasters lie, by band.
        applied: whether the provider says that the offset has been added.
        cloud: share of clouds, in percent.
        crs: of the rasters.
    """
    baseline = f"{name.split('_')[3][1:3]}.{name.split('_')[3][3:]}"
    has_offset = baseline >= "04.00"
    stamp = name.split("_")[2]
    properties: dict[str, Any] = {
        "datetime": f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}T{stamp[9:11]}:{stamp[11:13]}:{stamp[13:]}Z",
        "eo:cloud_cover": cloud,
        provider.baseline_in: baseline,
        "proj:code": crs,
    }
    if provider.name_in:
        properties[provider.name_in] = name
    if applied is not None:
        properties[OFFSET_FLAG] = applied
    assets = {}
    for band, href in hrefs.items():
        asset: dict[str, Any] = {"href": href}
        if provider.offset is not OffsetRule.by_baseline and band != SCENE_CLASSES:
            asset["raster:bands"] = [{"nodata": 0, "scale": 0.0001, "offset": -0.1 if has_offset else 0}]
        assets[provider.assets[band]] = asset
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name.removesuffix(".SAFE"),
        "collection": provider.collection,
        "geometry": {"type": "Point", "coordinates": [12.0, 48.0]},
        "bbox": [12.0, 48.0, 12.0, 48.0],
        "links": [],
        "properties": properties,
        "assets": assets,
    }


def write_items(path: Path, *items: dict[str, Any]) -> Path:
    """A file of items."""
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(items)}))
    return path


def make_scene(name: str, hrefs: Mapping[str, str], *, side_px: int, crs: str = "EPSG:32633") -> dict[str, Any]:
    """An item of a terrain-corrected scene of Sentinel-1, whose corner is that of the small products.

    Args:
        name: id of the item.
        hrefs: where the rasters lie, by band.
        side_px: of the rasters, at 10 m.
        crs: of the rasters.
    """
    provider = row("Planetary Computer", "sentinel-1-rtc")
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": provider.collection,
        "geometry": {"type": "Point", "coordinates": [12.0, 48.0]},
        "bbox": [12.0, 48.0, 12.0, 48.0],
        "links": [],
        "properties": {
            "datetime": "2017-06-13T16:50:43Z",
            "proj:code": crs,
            "proj:shape": [side_px, side_px],
            "proj:transform": [10, 0, 300_000, 0, -10, 5_400_000, 0, 0, 1],
        },
        "assets": {provider.assets[band]: {"href": href} for band, href in hrefs.items()},
    }
