from pathlib import Path

import pytest

from reben.construct.v1_lists import read_names, read_s1_pairs
from reben.core.errors import MetadataError
from reben.io.dataset.metadata import read_metadata

V1 = "S2A_MSIL2A_20170613T101031_26_57"
S1 = "S1B_IW_GRDH_1SDV_20170612T165809_33UUP_26_57"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "list.csv"


def test_published_lists_are_the_flags_of_the_published_tables(shared_data: Path):
    folder = shared_data / "published"
    snow = read_names([folder / "patches_with_seasonal_snow.csv"])
    cloud = read_names([folder / "patches_with_cloud_and_shadow.csv"])
    table = read_metadata(
        [folder / "metadata.parquet", folder / "metadata_for_patches_with_snow_cloud_or_shadow.parquet"]
    )
    names = table["s2v1_name"].to_pylist()
    assert [name in snow for name in names] == table["contains_seasonal_snow"].to_pylist()
    assert [name in cloud for name in names] == table["contains_cloud_or_shadow"].to_pylist()


def test_lists_are_taken_together(path: Path, tmp_path: Path):
    other = tmp_path / "other.csv"
    path.write_text(f"{V1}\n\n")
    other.write_text("S2B_MSIL2A_20171219T95410_5_84\r\n")
    assert read_names([path, other]) == {V1, "S2B_MSIL2A_20171219T95410_5_84"}
    assert read_names([]) == frozenset()


def test_pairs(path: Path):
    path.write_text(f"{V1},{S1}\n{V1},{S1}\n")
    assert read_s1_pairs(path) == {V1: S1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"s2v1_name,s1_name\n{V1},{S1}\n", "line 1: 's2v1_name' is not a BigEarthNet v1 patch name"),
        (f"{V1},{V1}\n", "line 1: .* is not a Sentinel-1 patch name"),
        (f"{V1}\n", "line 1: has 1 columns; expected 2, and no header"),
        (f"{V1},{S1}\n{V1},{S1[:-1]}8\n", "has two partners"),
        ("\udcff", "cannot be read as a CSV file"),
    ],
)
def test_wrong_pairs_are_named(path: Path, text: str, message: str):
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(MetadataError, match=message):
        read_s1_pairs(path)


def test_a_missing_list(path: Path):
    with pytest.raises(MetadataError, match="cannot be read as a CSV file"):
        read_names([path])
