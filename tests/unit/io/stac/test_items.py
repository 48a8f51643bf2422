import json
from pathlib import Path

import pytest

from reben.core.errors import ProductError
from reben.io.stac.items import file_of, is_item, read_item, read_items

ITEM = {
    "type": "Feature",
    "id": "a",
    "collection": "c",
    "properties": {},
    "assets": {"B02": {"href": "cogs/B02.tif"}, "B03": {"href": "https://example.org/B03.tif"}},
}


def write(path: Path, value: object) -> Path:
    path.write_text(json.dumps(value))
    return path


@pytest.mark.parametrize("value", [ITEM, {"type": "FeatureCollection", "features": [ITEM, ITEM]}])
def test_one_item_or_a_collection(tmp_path: Path, value: object):
    path = write(tmp_path / "items.json", value)
    found = read_items(path)
    assert list(found.items) == ["a"]
    assert found.repeated == (() if value is ITEM else ("a",))
    item = read_item(path / "a")
    assert item.assets["B02"].href == str(tmp_path / "cogs/B02.tif")
    assert item.assets["B03"].href == "https://example.org/B03.tif"
    assert is_item(path / "a")
    assert file_of(path / "a") == file_of(path) == path
    assert file_of(tmp_path) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "neither a STAC item nor"),
        ({"type": "FeatureCollection", "features": {}}, "neither a STAC item nor"),
        ({"type": "FeatureCollection", "features": []}, "has no items"),
        ({"type": "FeatureCollection", "features": [3]}, "item 1: is not an object"),
        ({"type": "FeatureCollection", "features": [ITEM, {**ITEM, "collection": "d"}]}, "two different items 'a'"),
        ({**ITEM, "id": 7}, "has the id 7"),
        ({**ITEM, "properties": None}, "no properties or no assets"),
        ({**ITEM, "assets": {"B02": "B02.tif"}}, "'B02' has no usable href"),
    ],
)
def test_other_files(tmp_path: Path, value: object, said: str):
    with pytest.raises(ProductError, match=said):
        read_items(write(tmp_path / "items.json", value))


def test_what_is_not_there(tmp_path: Path):
    path = write(tmp_path / "items.json", ITEM)
    with pytest.raises(ProductError, match="has no item"):
        read_item(path / "b")
    with pytest.raises(ProductError, match="cannot be read"):
        read_items(tmp_path / "other.json")
    (tmp_path / "cut.json").write_text('{"type": "Feature"')
    with pytest.raises(ProductError, match=r"cut\.json"):
        read_items(tmp_path / "cut.json")


def test_a_fact_that_is_stated_twice(tmp_path: Path):
    asset = {"href": "a.tif", "raster:bands": [{"scale": 1}, {"scale": 2}], "bands": [{"raster:scale": 1}]}
    item = read_item(write(tmp_path / "items.json", {**ITEM, "assets": {"B02": asset}}) / "a")
    with pytest.raises(ProductError, match="states scale as"):
        item.assets["B02"].raster_fact("scale")
    assert item.assets["B02"].raster_fact("offset") is None
