"""The clearest products of each tile and season."""

import json
from pathlib import Path

import pytest

from reben.acquire.options import SearchOptions
from reben.acquire.query import Query
from reben.acquire.search import clearest, search, seasonal
from reben.core.errors import CatalogueError
from stand_ins.data_space import DataSpaceStandIn


def name(day: str, tile: str = "33UUP", level: str = "L2A") -> str:
    return f"S2A_MSI{level}_{day}T101031_N0205_R022_T{tile}_{day}T101608.SAFE"


def add(space: DataSpaceStandIn, day: str, cloud: float, tile: str = "33UUP") -> None:
    space.add(name(day, tile), b"no zip", Attributes=[
        {"Name": "tileId", "Value": tile},
        {"Name": "productType", "Value": "S2MSI2A"},
        {"Name": "cloudCover", "Value": cloud},
    ])  # fmt: skip


@pytest.fixture
def filled(space: DataSpaceStandIn, monkeypatch: pytest.MonkeyPatch) -> DataSpaceStandIn:
    """Products of two tiles over two seasons and more."""
    for variable, value in space.environment.items():
        monkeypatch.setenv(variable, value)
    for day, cloud in (("20170613", 9.0), ("20170713", 3.0), ("20170813", 3.0), ("20170913", 50.0), ("20171013", 8.0)):
        add(space, day, cloud)
    add(space, "20170615", 1.0, "32UQU")
    add(space, "20171216", 0.0)
    return space


def test_each_tile_and_season_is_asked_by_itself(filled: DataSpaceStandIn, tmp_path: Path):
    ring = [[13.0, 48.2], [13.4, 48.2], [13.4, 48.4], [13.0, 48.4], [13.0, 48.2]]
    (tmp_path / "area.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    options = SearchOptions.model_validate(
        {"area": tmp_path / "area.geojson", "from": "2017-06-01", "to": "2017-11-30", "cloud": 20, "type": "L2A",
         "per_season": 1}
    )  # fmt: skip
    found = search(options).found
    assert [product.name for product in found] == [name("20170615", "32UQU"), name("20170713"), name("20171013")]
    assert sum("Products" in request for request in filled.requests) == 4  # two tiles, two seasons


@pytest.mark.usefixtures("filled")
def test_of_equally_clear_products_the_first_is_taken():
    options = SearchOptions.model_validate({"tile": "33UUP", "from": "2017-06-01", "to": "2018-02-28", "type": "L2A",
                                            "per_season": 2})  # fmt: skip
    names = [product.name for product in search(options).found]
    assert names == [name("20170713"), name("20170813"), name("20170913"), name("20171013"), name("20171216")]
    assert clearest([], 1) == []


def test_an_area_that_no_tile_shows(tmp_path: Path):
    ring = [[0, 86], [1, 86], [1, 87], [0, 87], [0, 86]]
    (tmp_path / "pole.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    options = SearchOptions.model_validate(
        {"area": tmp_path / "pole.geojson", "from": "2017-06-01", "to": "2017-08-31", "per_season": 1}
    )
    with pytest.raises(CatalogueError, match="no tile of Sentinel-2 shows this area"):
        list(seasonal(Query(tile="33UUP"), options))
