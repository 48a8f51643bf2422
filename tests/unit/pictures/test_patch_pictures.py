from pathlib import Path

import pytest

from reben.core.errors import MetadataError
from reben.io.dataset.folder import DataFolder
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.pictures.patch_pictures import pictures_of


@pytest.fixture
def data(tiny_store: Path, tiny_dataset: DatasetPaths) -> DataFolder:
    return DataFolder(tiny_store, (tiny_dataset.metadata,))


def test_named_patches_with_all_that_is_known_of_them(data: DataFolder):
    rows = read_metadata(data.metadata).to_pylist()
    (picture,), legend = pictures_of(data, [rows[3]["patch_id"]])
    assert picture.labels == tuple(rows[3]["labels"])
    assert {"B04", "VV"} <= picture.tensors.keys()
    assert picture.classes.shape == (120, 120)
    assert legend.name == "CLC2018"


def test_some_patches_of_a_split(data: DataFolder):
    rows = {row["patch_id"]: row["split"] for row in read_metadata(data.metadata).to_pylist()}
    pictures, _ = pictures_of(data, split="test", count=3)
    assert len(pictures) == min(3, list(rows.values()).count("test"))
    assert {rows[picture.name] for picture in pictures} == {"test"}


def test_what_is_not_there_is_named(data: DataFolder):
    with pytest.raises(MetadataError, match="'nobody' is in no"):
        pictures_of(data, ["nobody"])
