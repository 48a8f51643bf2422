from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

import reben
from reben.core.errors import MetadataError
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from stand_ins.range_server import running_range_server


def test_two_lines_to_the_data(tiny_store: Path, tiny_dataset: DatasetPaths):
    patch_id = read_metadata(tiny_dataset.metadata)["patch_id"][0].as_py()
    bands = reben.open_store(tiny_store)[patch_id]
    assert bands["B02"].shape == (120, 120)
    dataset = reben.open_dataset(tiny_store, tiny_dataset.metadata, split="train", bands="B04,B03,B02")
    sample = dataset[0]
    assert sample["image"].shape == (3, 120, 120)
    assert sample["label"].shape == (19,)


def test_pixels_as_they_are_stored_and_masks(tiny_store: Path, tiny_dataset: DatasetPaths):
    dataset = reben.open_dataset(tiny_store, tiny_dataset.metadata, bands="B02", statistics=None, reference_maps=True)
    sample = dataset[2]
    stored = reben.open_store(tiny_store)[sample["patch_id"]]["B02"]
    np.testing.assert_array_equal(sample["image"][0], stored)
    assert sample["mask"].dtype == torch.int64


def test_statistics_of_a_file(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    inputs = {"metadata": tiny_dataset.metadata, "bands": "B02"}
    with pytest.raises(MetadataError, match="nowhere"):
        reben.open_dataset(tiny_store, **inputs, statistics="nowhere.json")
    (tmp_path / "s.json").write_text('{"bands": {"B02": {"mean": 100, "std": 50}}}')
    found = reben.open_dataset(tiny_store, **inputs, statistics=tmp_path / "s.json")[2]["image"]
    stored = reben.open_dataset(tiny_store, **inputs, statistics=None)[2]["image"]
    torch.testing.assert_close(found, (stored - 100) / 50)


def test_all_splits_and_snow_and_clouds(tiny_store: Path, tiny_dataset: DatasetPaths):
    tables = [tiny_dataset.metadata, tiny_dataset.snow_and_cloud_metadata]
    few = reben.open_dataset(tiny_store, tables)
    everything = reben.open_dataset(tiny_store, tables, snow_and_cloud=True)
    assert len(few) == read_metadata(tiny_dataset.metadata).num_rows
    assert len(everything) == read_metadata(tables).num_rows


def test_an_empty_split_is_an_error(tiny_store: Path, tiny_dataset: DatasetPaths):
    with pytest.raises(MetadataError, match="no patch for the test split"):
        reben.open_dataset(tiny_store, tiny_dataset.snow_and_cloud_metadata, split="test")


@pytest.fixture
def address(tiny_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of the tiny store, and a cache of this test's own."""
    monkeypatch.setenv("REBEN_CACHE", str(tmp_path / "cache"))
    with running_range_server(tiny_store.parent) as server:
        yield server.url(tiny_store.name)


def expect_equal(one: dict, other: dict) -> None:
    assert one.keys() == other.keys()
    for key, value in one.items():
        assert torch.equal(value, other[key]) if isinstance(value, torch.Tensor) else value == other[key]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_store_at_an_address(address: str, tiny_store: Path, tiny_dataset: DatasetPaths, workers: int):
    options = {"metadata": tiny_dataset.metadata, "bands": "all", "reference_maps": True}
    near, far = reben.open_dataset(tiny_store, **options), reben.open_dataset(address, **options)
    for one, other in zip(DataLoader(near, 3), DataLoader(far, 3, num_workers=workers), strict=True):
        expect_equal(one, other)
    expect_equal(near.batch([0, 2, 4]), far.batch([0, 2, 4]))
    expect_equal(near.native_batch([0, 2]), far.native_batch([0, 2]))


def test_loaders_of_a_store_at_an_address(address: str, tiny_store: Path, tiny_dataset: DatasetPaths):
    modules = [
        reben.PatchDataModule(store, tiny_dataset.metadata, batch_size=4, workers=2, bands="s2")
        for store in (tiny_store, address)
    ]
    for one, other in zip(*(module.train_dataloader() for module in modules), strict=True):
        expect_equal(one, other)


def test_an_address_needs_tables(address: str):
    with pytest.raises(MetadataError, match="metadata tables are not looked for") as caught:
        reben.open_dataset(address)
    assert "METADATA" in caught.value.hint
