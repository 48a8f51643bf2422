from pathlib import Path

import numpy as np
import pytest
import torch

import reben
from reben.core.errors import MetadataError
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths


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
