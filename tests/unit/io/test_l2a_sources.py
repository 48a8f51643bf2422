from collections.abc import Callable
from pathlib import Path

import pytest

from reben.core.errors import ProductError
from reben.io.l2a_sources import find_l2a, open_l2a
from stand_ins.stac import make_item, row, write_items

TILES = [f"S2A_MSIL2A_2017061{day}T101031_N0206_R022_T33UUP" for day in (3, 5)]


def test_products_and_items_beside_each_other(make_product: Callable[..., Path], tmp_path: Path):
    safe = make_product(tmp_path / "l2a", TILES[0])
    provider = row("Planetary Computer", "sentinel-2-l2a")
    hrefs = {band: f"https://a.blob.core.windows.net/b/{band}.tif" for band in provider.assets}
    item = make_item(provider, f"{TILES[1]}_20240101T000000.SAFE", hrefs)
    file = write_items(tmp_path / "items.json", item, item)
    found = find_l2a([safe.parent, file])
    assert found.products == (safe, file / item["id"])
    assert found.left_out == {str(file / item["id"]): "is there several times"}
    assert [str(open_l2a(path).name.tile) for path in found.products] == TILES
    assert find_l2a([file / item["id"]]).products == (file / item["id"],)
    assert open_l2a(file / item["id"]).files == ()
    assert find_l2a([tmp_path / "nowhere"]).products == ()
    (tmp_path / "no.json").write_text("{}")
    with pytest.raises(ProductError, match="neither a STAC item nor"):
        find_l2a([tmp_path / "no.json"])
