import json
import subprocess
from pathlib import Path

import pytest

from reben.encode.archives import encode_archives
from reben.encode.bigearthnet import sources
from reben.encode.specification import Source
from reben.io.dataset.paths import DatasetPaths
from stand_ins.archives import archive_of

PARTS = ("BigEarthNet-S2", "BigEarthNet-S1", "Reference_Maps")
STORE_FILES = ("data.mdb", "checksums.bin")


@pytest.fixture(scope="module")
def archives(tiny_dataset: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parts of `tiny_dataset` as archives."""
    place = tmp_path_factory.mktemp("archives")
    for part in PARTS:
        archive_of(tiny_dataset.root / part, place)
    return place


def sources_in(place: Path, ending: str = ".tar.zst") -> list[Source]:
    s2, s1, maps = (place / f"{part}{ending}" for part in PARTS)
    return sources(s2=s2, s1=s1, reference_maps=maps)


def expect_same(store: Path, other: Path) -> None:
    for name in STORE_FILES:
        assert (store / name).read_bytes() == (other / name).read_bytes()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_store_is_that_of_the_folders(archives: Path, tiny_store: Path, tmp_path: Path):
    result = encode_archives(sources_in(archives), tmp_path / "store")
    expect_same(tmp_path / "store", tiny_store)
    report, other = (json.loads((p / "encode-report.json").read_text()) for p in (tmp_path / "store", tiny_store))
    assert report["values"] == other["values"] == result.counts
    assert list(report["values"]) == list(other["values"])
    for name in ("samples", "keys_sha256", "skipped"):
        assert report[name] == other[name]
    md5 = subprocess.run(["md5sum", archives / "BigEarthNet-S2.tar.zst"], capture_output=True, check=True).stdout
    assert report["archives"][0]["md5"].encode() == md5.split()[0]
    assert left_in(tmp_path / "store") == ["checksums.bin", "data.mdb", "encode-report.json"]
    assert left_in(tmp_path) == ["store"]
