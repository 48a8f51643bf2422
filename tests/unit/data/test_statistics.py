"""Exact statistics, whatever the number of workers and however large the offset of the values."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from safetensors.numpy import save

from reben.core.bands import Band, select_bands
from reben.core.classes import CLC2018
from reben.core.errors import StoreError
from reben.data import statistics as module
from reben.data.patches import Patches
from reben.data.statistics import PERCENTILES, as_json, summarise
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.dataset.statistics import read_statistics
from reben.io.store import Store, create_store, open_store


@pytest.mark.parametrize("workers", [1, 2])
def test_they_are_those_of_all_pixels_at_once(
    tiny_store: Path, tiny_dataset: DatasetPaths, workers: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "_PATCHES_PER_TASK", 4)
    patches, store = Patches.from_metadata(read_metadata([tiny_dataset.metadata])), open_store(tiny_store)
    bands = select_bands("B01,B02,B05,VV")
    steps: list[int] = []
    found = summarise(store, patches, bands, workers=workers, progress=steps.append)
    assert sum(steps) == len(patches)
    for band in bands:
        keys = (patches.s1_names if band.sensor == "s1" else patches.ids).to_pylist()
        pixels = np.concatenate([store.tensors(key, (band.name,))[0].ravel() for key in keys]).astype(np.float64)
        summary = found[band.name]
        assert summary.pixels == len(pixels)
        assert summary.mean == pytest.approx(pixels.mean(), rel=1e-13)
        assert summary.std == pytest.approx(pixels.std(), rel=1e-12)
        assert (summary.min, summary.max) == (pixels.min(), pixels.max())
        expected = np.percentile(pixels, PERCENTILES, method="inverted_cdf")
        tolerance = 0 if band.sensor == "s2" else 0.0011
        np.testing.assert_allclose(list(summary.percentiles.values()), expected, rtol=0, atol=tolerance)


def store_of(tmp_path: Path, band: str, images: list[np.ndarray]) -> tuple[Store, Patches]:
    names = [f"patch{number}" for number in range(len(images))]
    with create_store(tmp_path / "store") as writer:
        writer.write([(name, save({band: image})) for name, image in zip(names, images, strict=True)])
    return open_store(tmp_path / "store"), Patches(
        pa.array(names), pa.array(names), np.zeros((len(names), 19)), CLC2018
    )


def test_small_differences_of_large_values_are_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "_PATCHES_PER_TASK", 1)
    images = [np.full((2, 2), 65_000 + number % 2, np.uint16) for number in range(10)]
    store, patches = store_of(tmp_path, "B02", images)
    summary = summarise(store, patches, select_bands("B02"))["B02"]
    assert (summary.mean, summary.std, summary.min, summary.max) == (65_000.5, 0.5, 65_000, 65_001)


@pytest.mark.parametrize("wrong", [np.nan, -np.inf, -9999, 90])
def test_pixels_that_are_no_backscatter_are_refused(tmp_path: Path, wrong: float):
    store, patches = store_of(tmp_path, "VV", [np.array([[value, 1]], np.float32) for value in (-3, wrong)])
    with pytest.raises(StoreError, match=f"patch1, band VV: has a value of {wrong}; expected"):
        summarise(store, patches, select_bands("VV"))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_other_pixels_that_are_no_numbers_are_refused(tmp_path: Path, wrong: float, dtype: type):
    store, patches = store_of(tmp_path, "Height", [np.array([[value, 1]], dtype) for value in (-3, wrong)])
    bands = select_bands("Height", {"Height": Band("Height", "s2", 10, np.dtype(dtype).name)})
    with pytest.raises(StoreError, match="patch1, band Height: has a value that is not a number"):
        summarise(store, patches, bands)


def test_training_reads_what_was_written(tmp_path: Path):
    store, patches = store_of(tmp_path, "B02", [np.array([[1, 3]], np.uint16)])
    path = tmp_path / "statistics.json"
    path.write_text(json.dumps(as_json(summarise(store, patches, select_bands("B02")))))
    (band,) = read_statistics(path).values()
    assert (band.mean, band.std) == (2, 1)
