"""Items of each provider, hand-made after theirs, against the `.SAFE` of the same product."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reben.core.bands import S2_BANDS
from reben.core.errors import ProductError
from reben.io.safe.l2a import open_product
from reben.io.stac.products import open_item
from reben.io.stac.providers import OFFSET_FLAG, PROVIDERS, Provider
from reben.tile.bands import read_bands
from stand_ins.stac import OFFSET, make_item, row, write_cogs, write_items

OLD, NEW = (f"S2A_MSIL2A_20170613T101031_{baseline}_R022_T33UUP" for baseline in ("N0206", "N0500"))
L2A = [provider for provider in PROVIDERS if provider.is_sentinel2]
EARTH_SEARCH = row("Earth Search", "sentinel-2-l2a")
COLLECTION_1 = row("Earth Search (Collection 1)", "sentinel-2-c1-l2a")
PLANETARY = row("Planetary Computer", "sentinel-2-l2a")


@pytest.fixture(scope="module")
def safe(make_product: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_product(tmp_path_factory.mktemp("safe"), OLD)


@pytest.fixture(scope="module")
def cogs(safe: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {band: str(path) for band, path in write_cogs(safe, tmp_path_factory.mktemp("cogs")).items()}


def item_of(provider: Provider, cogs: dict[str, str], name: str = NEW, **options: Any) -> dict[str, Any]:
    return make_item(provider, f"{name}_20240101T000000.SAFE", cogs, **options)


def opened(folder: Path, item: dict[str, Any]) -> Any:
    return open_item(write_items(folder / "items.json", item) / item["id"])


@pytest.mark.parametrize("provider", L2A, ids=lambda provider: f"{provider.title}, {provider.collection}")
def test_pixels_are_those_of_the_safe(provider: Provider, safe: Path, cogs: dict[str, str], tmp_path: Path):
    product = opened(tmp_path, item_of(provider, cogs, OLD))
    expected = open_product(safe)
    assert product.name.tile == expected.name.tile
    assert product.offsets == dict.fromkeys(S2_BANDS, 0) == expected.offsets
    assert product.quality is None
    assert {str(path) for path in product.files} == set(cogs.values())
    ours, theirs = read_bands(product), read_bands(expected)
    assert ours.extent == theirs.extent
    for band in S2_BANDS:
        np.testing.assert_array_equal(ours.pixels[band], theirs.pixels[band])


@pytest.mark.parametrize(
    ("provider", "applied", "offset"),
    [
        (EARTH_SEARCH, True, 0),
        *((provider, None, OFFSET) for provider in L2A if provider is not EARTH_SEARCH),
    ],
    ids=lambda value: value.title if isinstance(value, Provider) else str(value),
)
def test_what_is_added_since_baseline_4(
    provider: Provider, applied: bool | None, offset: int, cogs: dict[str, str], tmp_path: Path
):
    assert opened(tmp_path, item_of(provider, cogs, applied=applied)).offsets == dict.fromkeys(S2_BANDS, offset)


@pytest.mark.parametrize("applied", [False, None])
def test_a_flag_that_may_be_wrong(applied: bool | None, cogs: dict[str, str], tmp_path: Path):
    with pytest.raises(ProductError, match=OFFSET_FLAG) as caught:
        opened(tmp_path, item_of(EARTH_SEARCH, cogs, applied=applied))
    assert "sentinel-2-c1-l2a" in caught.value.hint


def change(item: dict[str, Any], **properties: Any) -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(json.dumps(item))
    copied["properties"] |= properties
    return copied


def with_raster(item: dict[str, Any], asset: str, **facts: Any) -> dict[str, Any]:
    copied = change(item)
    copied["assets"][asset]["raster:bands"] = [facts]
    return copied


def without(item: dict[str, Any], asset: str) -> dict[str, Any]:
    copied = change(item)
    del copied["assets"][asset]
    return copied


def moved(item: dict[str, Any], asset: str, href: str) -> dict[str, Any]:
    copied = change(item)
    copied["assets"][asset]["href"] = href
    return copied


def projected(item: dict[str, Any], asset: str, shape: Any, transform: Any) -> dict[str, Any]:
    copied = change(item)
    copied["assets"][asset] |= {"proj:shape": shape, "proj:transform": transform}
    return copied


@pytest.mark.parametrize(
    ("provider", "spoil", "said"),
    [
        (PLANETARY, lambda item: change(item, **{"s2:processing_baseline": "02.06"}), r"says s2:processing_baseline"),
        (PLANETARY, lambda item: change(item, **{"s2:processing_baseline": 5}), "has no property"),
        (PLANETARY, lambda item: change(item, **{"s2:product_uri": "S2A"}), "is not a Sentinel-2 product name"),
        (PLANETARY, lambda item: without(item, "B05"), r"lacks B05"),
        (PLANETARY, lambda item: {**item, "collection": "landsat-c2-l2"}, "is not known"),
        (PLANETARY, lambda item: with_raster(item, "B02", offset=0), r"states an offset of 0, but baseline 05.00"),
        (PLANETARY, lambda item: with_raster(item, "B02", scale=1), "states a scale of 1"),
        (PLANETARY, lambda item: with_raster(item, "B02", nodata=65535), "states 65535 as nodata"),
        (PLANETARY, lambda item: moved(item, "B02", "https://example.org/B02.tif?sig=1"), "lies on another server"),
        (PLANETARY, lambda item: moved(item, "B02", "https://x:99999/B02.tif?sig=1"), "no valid host or port"),
        (PLANETARY, lambda item: moved(item, "B02", "http://a.blob.core.windows.net/b/B02.tif"), "without encryption"),
        (PLANETARY, lambda item: moved(item, "B02", "/vsicurl/http://example.org/B02.tif"), "no usable href"),
        (PLANETARY, lambda item: projected(item, "B02", [480, 480], [20, 0, 300_000, 0, -20, 5_400_000]), "no tile"),
        (PLANETARY, lambda item: projected(item, "B02", [480, 480], "x"), "no tile"),
        (PLANETARY, lambda item: projected(item, "B02", {"a": 1}, {"b": 2}), "no tile"),
        (PLANETARY, lambda item: projected(item, "B02", ["a", "b"], [10, 0, "c", 0, -10, 1]), "no tile"),
        (COLLECTION_1, lambda item: with_raster(item, "blue", scale=0.0001, offset=0), "states an offset of 0"),
        (COLLECTION_1, lambda item: with_raster(item, "blue", scale=0.0001), "states no offset"),
    ],
)  # fmt: skip
def test_items_that_contradict_themselves(
    provider: Provider,
    spoil: Callable[[dict[str, Any]], dict[str, Any]],
    said: str,
    cogs: dict[str, str],
    tmp_path: Path,
):
    item = spoil(item_of(provider, cogs))
    with pytest.raises(ProductError, match=said) as caught:
        opened(tmp_path, item)
    assert "sig=" not in str(caught.value)


def test_an_item_that_lies_about_its_place(cogs: dict[str, str], tmp_path: Path):
    item = projected(item_of(PLANETARY, cogs), "B02", [480, 480], [10, 0, 300_000, 0, -10, 5_300_000])
    with pytest.raises(ProductError, match=r"covers .*5400000.*; by the metadata .*5300000"):
        read_bands(opened(tmp_path, item), ["B02"])
    item = projected(item_of(PLANETARY, cogs), "B02", [480, 480], [10, 0, 300_000, 0, -10, 5_400_000, 0, 0, 1])
    assert read_bands(opened(tmp_path, item), ["B02"]).pixels["B02"].shape == (480, 480)


def test_facts_as_stac_1_1_writes_them(cogs: dict[str, str], tmp_path: Path):
    item = item_of(COLLECTION_1, cogs)
    for asset in item["assets"].values():
        if asset.pop("raster:bands", None):
            asset |= {"raster:scale": 0.0001, "raster:offset": -0.1, "nodata": 0}
    assert opened(tmp_path, item).offsets["B02"] == OFFSET


def test_scenes_of_sentinel_1_are_no_products(tmp_path: Path):
    scene = {
        "type": "Feature", "id": "S1A", "collection": "sentinel-1-rtc", "properties": {},
        "assets": {"vv": {"href": "vv.tif"}, "vh": {"href": "vh.tif"}},
    }  # fmt: skip
    with pytest.raises(ProductError, match="is of sentinel-1-rtc, not an L2A product") as caught:
        opened(tmp_path, scene)
    assert "--s1-scenes" in caught.value.hint
