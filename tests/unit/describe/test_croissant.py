import json
import shutil
from pathlib import Path

import mlcroissant
import pytest

from reben.describe.croissant import croissant_of
from reben.describe.facts import facts_of_dataset
from reben.describe.files import DescribedFile, described
from reben.describe.geotable import write_geotable
from reben.describe.options import RecordOptions
from reben.io.dataset.paths import DatasetPaths


@pytest.fixture
def record(real_patches: DatasetPaths, told: RecordOptions, tmp_path: Path) -> Path:
    facts = facts_of_dataset(real_patches.root, told)
    write_geotable(tmp_path / "patches.parquet", facts.patches)
    files = [
        described(tmp_path, "patches.parquet", "metadata"),
        DescribedFile("BigEarthNet-S2.tar.zst", "s2", 1000, sha256="ab" * 32),
        DescribedFile("unknown.bin", "store", 1),
    ]
    target = tmp_path / "croissant.json"
    target.write_text(json.dumps(croissant_of(facts, files, table="patches.parquet")))
    return target


def test_the_library_accepts_it_without_a_word(record: Path):
    metadata = mlcroissant.Dataset(record).metadata
    assert metadata.issues.errors == set()
    assert metadata.issues.warnings == set()
    assert [str(creator.name) for creator in metadata.creators] == ["Jane Doe", "Institute of Patches"]


def test_the_library_reads_the_patches(record: Path):
    records = list(mlcroissant.Dataset(record).records("patches"))
    assert len(records) == 12
    assert {entry["patches/split"] for entry in records} == {b"train", b"validation", b"test"}
    assert all(isinstance(entry["patches/labels"], list) for entry in records)
    assert len(list(mlcroissant.Dataset(record).records("classes"))) == 19


def test_it_says_where_when_and_in_which_bands(record: Path):
    content = json.loads(record.read_text())
    assert "http://mlcommons.org/croissant/geo/1.0" in content["conformsTo"]
    south, west, north, east = map(float, content["spatialCoverage"]["geo"]["box"].split())
    assert (47 < south < north < 49, 12 < west < east < 14) == (True, True)
    assert content["geocr:spatialResolution"]["value"] == 10
    assert content["geocr:bandConfiguration"]["geocr:totalBands"] == 14
    assert len(content["geocr:spectralBandMetadata"]) == 12
    assert [entry["@id"] for entry in content["distribution"]] == [
        "patches.parquet", "BigEarthNet-S2.tar.zst", "BigEarthNet-S2",
    ]  # fmt: skip


def test_a_changed_table_is_refused_by_its_checksum(record: Path, tmp_path: Path):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    shutil.copy(record, moved)
    (moved / "patches.parquet").write_bytes((tmp_path / "patches.parquet").read_bytes()[:-1] + b"x")
    with pytest.raises(Exception, match=r"patches\.parquet"):
        list(mlcroissant.Dataset(moved / "croissant.json").records("patches"))
