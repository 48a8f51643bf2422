from pathlib import Path

import geopandas
import pytest

from reben.io.dataset.paths import DatasetPaths
from reben.io.v1_geometries import read_v1_geometries
from stand_ins.command import run_reben as reben


def test_a_v1_release_becomes_zones_or_a_file(shared_data: Path, tmp_path: Path):
    v1 = shared_data / "v1" / "BigEarthNet-v1.0"
    reben("footprints", v1, "--output", tmp_path / "zones")
    assert [zone.crs for zone in read_v1_geometries(tmp_path / "zones")] == ["EPSG:32629", "EPSG:32633", "EPSG:32635"]
    reben("footprints", v1, "--output", tmp_path / "v1.parquet")
    assert len(geopandas.read_parquet(tmp_path / "v1.parquet")) == 3


def test_tables_folders_and_stores(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path):
    ids = []
    (tmp_path / "folders").mkdir()
    (tmp_path / "folders" / "BigEarthNet-S2").symlink_to(tiny_dataset.s2)
    for number, source in enumerate((tiny_dataset.root, tmp_path / "folders", tiny_store)):
        target = tmp_path / f"{number}.parquet"
        reben("footprints", source, "--output", target)
        ids.append(geopandas.read_parquet(target).patch_id.tolist())
    assert ids[0] == ids[1] == ids[2]


def test_what_cannot_be_read_ends_with_a_word_and_exit_code_1(shared_data: Path, tmp_path: Path):
    name = "S2A_MSIL2A_20170613T101031_87_48"
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / name).symlink_to(shared_data / "v1" / "BigEarthNet-v1.0" / name)
    (tmp_path / "v1" / "S2A_MSIL2A_20170613T101031_0_0").mkdir()
    result = reben("footprints", tmp_path / "v1", "--output", tmp_path / "zones", code=1)
    assert "left out: S2A_MSIL2A_20170613T101031_0_0" in result.stderr
    assert len(read_v1_geometries(tmp_path / "zones")) == 1


def test_a_file_of_another_kind_is_refused(shared_data: Path, tmp_path: Path):
    v1 = shared_data / "v1" / "BigEarthNet-v1.0"
    error = reben("footprints", v1, "--output", tmp_path / "zones.geojson", code=2).stderr
    assert "expected a name that ends with .parquet, or a folder" in " ".join(error.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("output", ["zones", "out.parquet"])
def test_an_empty_folder_has_no_patches(tmp_path: Path, output: str):
    (tmp_path / "empty").mkdir()
    result = reben("footprints", tmp_path / "empty", "--output", tmp_path / output, code=(1, 2))
    assert "no patches" in result.stderr or ".parquet" in result.stderr
