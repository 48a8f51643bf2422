import json
import shutil
from pathlib import Path

import geopandas
import geoparquet_validator
import pyarrow.parquet as pq
import pytest
import shapely

from reben.core.errors import MetadataError
from reben.describe.v1_footprints import (
    find_v1_patches,
    read_v1_footprints,
    write_names_and_places,
    write_zones,
)
from reben.io.v1_geometries import read_v1_geometries


@pytest.fixture
def release(shared_data: Path) -> Path:
    return shared_data / "v1" / "BigEarthNet-v1.0"


def copied(release: Path, target: Path, name: str = "S2A_MSIL2A_20170613T101031_87_48") -> Path:
    """A patch whose files may be changed, without its bands but one."""
    folder = target / name
    folder.mkdir(parents=True)
    for suffix in ("_labels_metadata.json", "_B02.tif"):
        shutil.copyfile(release / name / f"{name}{suffix}", folder / f"{name}{suffix}")
    return folder


def test_json_and_images_say_the_same(release: Path, tmp_path: Path):
    with_json = read_v1_footprints(find_v1_patches(release))
    for patch in find_v1_patches(release):
        (copied(release, tmp_path, patch.name) / f"{patch.name}_labels_metadata.json").unlink()
    without = read_v1_footprints(find_v1_patches(tmp_path))
    assert with_json.names == without.names
    assert (with_json.places.bounds_m == without.places.bounds_m).all()
    assert with_json.places.systems == without.places.systems == ("EPSG:32633", "EPSG:32629", "EPSG:32635")
    assert with_json.skipped == {}


def test_footprints_are_those_that_are_published(release: Path, shared_data: Path, tmp_path: Path):
    write_zones(tmp_path / "zones", read_v1_footprints(find_v1_patches(release.parent)))
    ours = {zone.crs: zone for zone in read_v1_geometries(tmp_path / "zones")}
    theirs = pq.read_table(shared_data / "v1_geometries" / "bigearthnet_v1_spatial_32633.parquet")
    own = pq.read_table(tmp_path / "zones" / "bigearthnet_v1_spatial_32633.parquet")
    (name,) = ours["EPSG:32633"].names.to_pylist()
    row = theirs.take([theirs["patch_name"].to_pylist().index(name)])
    assert shapely.from_wkb(own["geom"][0].as_py()).equals(shapely.from_wkb(row["geom"][0].as_py()))
    assert own["sensing_time"].to_pylist() == row["sensing_time"].to_pylist()
    assert own.column_names == theirs.column_names
    assert own.schema.types == theirs.schema.types
    assert own.slice(0, 0).schema.names == ["patch_name", "sensing_time", "geom"]


def test_one_file_for_a_gis(release: Path, tmp_path: Path):
    found = read_v1_footprints(find_v1_patches(release))
    target = tmp_path / "v1.parquet"
    write_names_and_places(target, found.names, found.places, column="patch_name")
    assert geoparquet_validator.failed(geoparquet_validator.check(str(target))) == []
    frame = geopandas.read_parquet(target)
    assert frame.patch_name.tolist() == list(found.names)
    for number, crs in enumerate(frame.patch_name.map({"S2A_MSIL2A_20170613T101031_87_48": 32633}).fillna(0)):
        if crs:
            bounds = frame.iloc[[number]].to_crs(int(crs)).total_bounds
            assert bounds.tolist() == pytest.approx([404400, 5341200, 405600, 5342400], abs=0.05)


@pytest.mark.parametrize(
    "content",
    [
        "{}", "no json", '{"coordinates": 3, "projection": "EPSG:32633"}',
        json.dumps({"coordinates": {"ulx": 0, "uly": 1200, "lrx": 1200, "lry": 0}, "projection": "nowhere"}),
        json.dumps({"coordinates": {"ulx": 0, "uly": 1200, "lrx": 0, "lry": 0}, "projection": "EPSG:32633"}),
        '{"coordinates": {"ulx": NaN, "uly": 1200, "lrx": 1200, "lry": 0}, "projection": "EPSG:32633"}',
    ],
)  # fmt: skip
def test_damaged_json_is_skipped_and_named(release: Path, tmp_path: Path, content: str):
    good = "S2B_MSIL2A_20170924T93020_69_24"
    copied(release, tmp_path, good)
    patch = copied(release, tmp_path)
    (patch / f"{patch.name}_labels_metadata.json").write_text(content)
    found = read_v1_footprints(find_v1_patches(tmp_path))
    assert found.names == (good,)
    assert set(found.skipped) == {patch.name}


def test_damaged_images_are_skipped_and_nothing_at_all_is_an_error(release: Path, tmp_path: Path):
    patch = copied(release, tmp_path)
    (patch / f"{patch.name}_labels_metadata.json").unlink()
    (patch / f"{patch.name}_B02.tif").write_bytes(b"II*\0cut off")
    with pytest.raises(MetadataError, match="not known where any patch lies"):
        read_v1_footprints(find_v1_patches(tmp_path))
    assert find_v1_patches(tmp_path / patch.name) == []
