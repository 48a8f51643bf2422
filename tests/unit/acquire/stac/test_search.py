import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reben.acquire.stac.search import hidden_pct
from reben.io.l2a_sources import find_l2a, open_l2a
from stand_ins.command import run_reben as reben
from stand_ins.stac import make_item, row
from stand_ins.stac_server import StacServer, running_stac_server

PROVIDER = row("Planetary Computer", "sentinel-2-l2a")
HREFS = {
    band: f"https://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/{band}.tif?sig=1" for band in PROVIDER.assets
}


def item(day: str, cloud: float = 1.0, *, tile: str = "T33UUP") -> dict[str, Any]:
    return make_item(PROVIDER, f"S2A_MSIL2A_{day}T101031_N0500_R022_{tile}_20240101T000000.SAFE", HREFS, cloud=cloud)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StacServer]:
    with running_stac_server(tmp_path, page=3) as running:
        yield running


@pytest.fixture
def area(tmp_path: Path) -> Path:
    ring = [[12, 48], [13, 48], [13, 49], [12, 49], [12, 48]]
    path = tmp_path / "area.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    return path


def test_the_best_of_each_season_sorted_and_repeatable(server: StacServer, area: Path, tmp_path: Path):
    server.items = [item("20180703", 5), item("20180613", 3), item("20170103", 9), item("20170103", 9)]
    command = ["search", "--stac", server.catalogue, "--collection", "sentinel-2-l2a", "--area", area]
    command += ["--from", "2017-01-01", "--to", "2018-12-31", "--max-cloud", 10]
    outputs = [tmp_path / "one.json", tmp_path / "two.json"]
    said = reben(*command, "--per-season", 1, "--output", outputs[0]).stderr
    assert "2 items, 1 others passed over" in said
    (body, *_) = server.searches
    assert body["collections"] == ["sentinel-2-l2a"]
    assert body["datetime"] == "2017-01-01T00:00:00Z/2018-12-31T23:59:59.999Z"
    assert body["query"] == {"eo:cloud_cover": {"lte": 10}}
    assert body["intersects"]["type"] == "Polygon"
    server.items.reverse()
    reben(*command, "--per-season", 1, "--output", outputs[1])
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    assert b"sig=" not in outputs[0].read_bytes()
    found = find_l2a([outputs[0]]).products
    assert [str(open_l2a(path).name.tile)[11:19] for path in found] == ["20170103", "20180613"]
    assert len(json.loads(reben(*command).stdout)["features"]) == 3


def test_a_tile_and_what_does_not_match(server: StacServer, tmp_path: Path):
    server.items = [item("20180613"), item("20180616", 50), item("20180619", tile="T33UVP")]
    command = ["search", "--stac", server.catalogue, "--collection", "sentinel-2-l2a", "--tile", "33UUP"]
    assert "1 items; see" in reben(*command, "--max-cloud", 10, "--output", tmp_path / "a.json").stderr
    (west, south), *_ = server.searches[0]["intersects"]["coordinates"][0]
    assert 10 < west < 14
    assert 47 < south < 50
    server.items = server.items[2:]
    assert "0 items" in reben(*command, "--output", tmp_path / "b.json", code=1).stderr
    assert not (tmp_path / "b.json").exists()


def test_items_that_cannot_be_used_are_counted(server: StacServer, area: Path, tmp_path: Path):
    good, elsewhere, bare, other, local = (item(f"201806{day}") for day in (11, 12, 13, 14, 15))
    elsewhere["assets"]["B02"]["href"] = "https://example.org/B02.tif"
    del bare["assets"]["B05"]
    other["collection"] = "landsat-c2-l2"
    local["assets"]["B02"]["href"] = "/etc/hostname"
    good["links"] = 3
    server.items = [good, elsewhere, bare, other, local, {"id": "none"}]
    command = ["search", "--stac", server.catalogue, "--collection", "sentinel-2-l2a", "--area", area]
    said = reben(*command, "--output", tmp_path / "items.json").stderr
    assert "1 items; see" in said
    assert "left out: 5 items that cannot be used" in said
    assert "lacks B05" in said
    assert find_l2a([tmp_path / "items.json"]).products == (tmp_path / "items.json" / good["id"],)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--collection", "landsat-c2-l2"], 1, "sentinel-2-c1-l2a"),
        (["--collection", "sentinel-1-rtc", "--max-cloud", 10], 1, "items show no clouds"),
        (["S2A_X"], 2, "give names"),
    ],
)
def test_what_cannot_be_asked(server: StacServer, area: Path, options: list[object], code: int, said: str):
    assert said in reben("search", "--stac", server.catalogue, "--area", area, *options, code=code).stderr
    assert not server.searches


def test_options_that_need_a_catalogue(area: Path):
    assert "goes with --stac" in reben("search", "--area", area, "--collection", "sentinel-2-l2a", code=2).stderr


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, 100),
        ({"eo:cloud_cover": "10"}, 100),
        ({"eo:cloud_cover": True}, 100),
        ({"eo:cloud_cover": -1}, 100),
        ({"eo:cloud_cover": 10}, 10),
        ({"eo:cloud_cover": 0, "s2:nodata_pixel_percentage": 100}, 100),
    ],
)
def test_what_a_catalogue_tells_of_clouds(properties: dict[str, object], expected: float):
    assert hidden_pct(properties) == expected
