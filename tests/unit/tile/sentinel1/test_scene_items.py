import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rasterio.transform import from_origin

from reben.core.backscatter import Unit, decibels
from reben.core.errors import BuildError, RasterError
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import TileName
from reben.io.tiff.geotiff import write_band
from reben.tile.patches import TilePatches
from reben.tile.sentinel1.scenes import find_scenes, scene_files
from stand_ins.stac import make_scene, write_items

SCENE = "S1A_IW_GRDH_1SDV_20170613T165043"
EXTENT = TileExtent("EPSG:32633", 300_000, 5_400_000, 2_400)
PATCHES = TilePatches(
    TileName.parse("S2A_MSIL2A_20170613T101031_N0500_R022_T33UUP"), EXTENT, PatchGrid(EXTENT.side_m, 1_200)
)
POWER = np.random.default_rng(0).uniform(0.001, 0.5, (240, 240)).astype(np.float32)


@pytest.fixture
def item(tmp_path: Path) -> dict[str, Any]:
    for name, power in (("vv", POWER), ("vh", POWER / 4)):
        write_band(
            tmp_path / f"{name}.tif", power, crs="EPSG:32633",
            transform=from_origin(300_000, 5_400_000, 10, 10), nodata=-32768,
        )  # fmt: skip
    return make_scene(f"{SCENE}_rtc", {"VV": "vv.tif", "VH": "vh.tif"}, side_px=240)


def change(item: dict[str, Any], **properties: Any) -> dict[str, Any]:
    copied: dict[str, Any] = json.loads(json.dumps(item))
    copied["properties"] |= properties
    return copied


def test_power_becomes_decibels(item: dict[str, Any], tmp_path: Path):
    file = write_items(tmp_path / "items.json", item)
    found = find_scenes(file)
    assert [scene.name for scene in found.scenes] == [SCENE]
    assert scene_files(file) == [file, tmp_path / "vh.tif", tmp_path / "vv.tif"]
    (remark,) = found.remarks()
    assert "gamma nought" in remark
    partners = dict(found.partners(PATCHES, [(0, 0), (1, 1)], {}))
    np.testing.assert_array_equal(partners[1, 1].pixels["VV"], decibels(POWER)[120:, 120:])
    np.testing.assert_array_equal(partners[0, 0].pixels["VH"], decibels(POWER / 4)[:120, :120])
    assert found.files_of([partners[0, 0].name]) == [tmp_path / "vh.tif", tmp_path / "vv.tif"]


def test_the_unit_is_that_of_the_collection(item: dict[str, Any], tmp_path: Path):
    file = write_items(tmp_path / "items.json", item)
    assert find_scenes(file, Unit.linear).scenes
    with pytest.raises(BuildError, match="is in linear, not db"):
        find_scenes(file, Unit.db)
    other = change(item)
    other["id"] = f"{SCENE.replace('13T', '16T')}_rtc"
    other["assets"]["vv"]["raster:bands"] = [{"unit": "dB"}]
    other["assets"]["vh"]["raster:bands"] = 3
    with pytest.raises(BuildError, match="states db as unit; its collection is in linear"):
        find_scenes(write_items(tmp_path / "two.json", item, other))


def spoilt(item: dict[str, Any]) -> list[tuple[list[dict[str, Any]], str]]:
    bare, twice = change(item), change(item)
    del bare["assets"]["vh"]
    twice["id"] = f"{SCENE}_20170613T165108_rtc"
    return [
        ([bare], "lacks VH"),
        ([item, twice], "has scene .* twice"),
        ([change(item) | {"id": "scene"}], "has no scene id"),
        ([change(item, **{"proj:code": "EPSG:1"})], "describe no place"),
        ([change(item, **{"proj:shape": None})], "describe no place"),
        ([change(item, **{"proj:shape": {}, "proj:transform": {}})], "describe no place"),
        ([change(item, **{"proj:transform": [10, 1, 0, 0, -10, 0]})], "describe no place"),
    ]


def test_items_that_are_no_scenes(item: dict[str, Any], tmp_path: Path):
    for items, said in spoilt(item):
        with pytest.raises(BuildError, match=said):
            find_scenes(write_items(tmp_path / "items.json", *items))


def test_a_scene_that_lies_elsewhere_than_its_item_says(item: dict[str, Any], tmp_path: Path):
    moved = change(item, **{"proj:transform": [10, 0, 300_100, 0, -10, 5_400_000]})
    found = find_scenes(write_items(tmp_path / "items.json", moved))
    with pytest.raises(RasterError, match=r"vv\.tif: covers .* its metadata say"):
        list(found.partners(PATCHES, [(0, 0)], {}))
