import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from reben.construct.land_cover.finding import find_land_cover, land_cover_files
from reben.core.errors import LandCoverError, ProductError
from reben.core.grid import TileExtent
from reben.io.legend_files import CLC2018_FORMAT, legend_file, read_legend

WORLDCOVER = read_legend(legend_file("worldcover") or Path())
EXTENT = TileExtent("EPSG:32633", 300_000.0, 5_400_000.0, 2_400)


def item(name: str = "left", year: int = 2021, **changes: Any) -> dict[str, Any]:
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "esa-worldcover",
        "bbox": [12.0, 48.0, 13.0, 49.0], "properties": {"start_datetime": f"{year}-01-01T00:00:00Z", "datetime": None},
        "assets": {"map": {"href": f"{name}.tif"}, "input_quality": {"href": "quality.tif"}},
    } | changes  # fmt: skip


def write(folder: Path, *items: dict[str, Any]) -> Path:
    path = folder / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(items)}))
    return path


def draw(path: Path, code: int, west: float) -> None:
    with rasterio.open(
        path, "w", driver="GTiff", width=130, height=260, count=1, dtype="uint8", crs="EPSG:32633", nodata=0,
        transform=from_origin(west, 5_400_000, 10, 10),
    ) as target:  # fmt: skip
        target.write(np.full((260, 130), code, np.uint8), 1)


def test_rasters_of_items_are_joined(tmp_path: Path):
    draw(tmp_path / "left.tif", 10, 300_000)
    draw(tmp_path / "right.tif", 80, 301_300)
    path = write(tmp_path, item(), item("right"), item("elsewhere", bbox=[80.0, 0.0, 0.0, 81.0, 1.0, 0.0]))
    codes = find_land_cover(path, WORLDCOVER).on(EXTENT).codes
    assert (codes[:, :130] == 10).all()
    assert (codes[:, 130:] == 80).all()
    assert land_cover_files(path) == [path]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([item(), item("right", year=2020)], "land cover of 2020, 2021; expected one year"),
        ([item(bbox=None)], "left: has no bbox"),
        ([item(assets={"map": {"href": "a.tif"}}, collection="sentinel-2-l2a")], "is not known"),
        ([item(assets={"input_quality": {"href": "a.tif"}})], "is not known"),
        ([item(collection="sentinel-1-rtc", assets={"vv": {"href": "a.tif"}})], "not land cover"),
    ],
)
def test_items_that_do_not_fit_are_refused(items: list[dict[str, Any]], message: str, tmp_path: Path):
    with pytest.raises((LandCoverError, ProductError), match=message):
        find_land_cover(write(tmp_path, *items), WORLDCOVER)


def test_another_legend_is_refused(tmp_path: Path):
    with pytest.raises(LandCoverError, match="esa-worldcover has the legend worldcover, not") as caught:
        find_land_cover(write(tmp_path, item()), CLC2018_FORMAT)
    assert caught.value.hint == "give --legend worldcover"


def test_a_missing_raster_is_named(tmp_path: Path):
    with pytest.raises(LandCoverError, match=r"left\.tif: cannot be read"):
        find_land_cover(write(tmp_path, item()), WORLDCOVER).on(EXTENT)


def test_polygons_in_geojson_are_no_items(tmp_path: Path):
    path = tmp_path / "clc.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    with pytest.raises(LandCoverError, match=r"layers have a column|cannot be read"):
        find_land_cover(path)
