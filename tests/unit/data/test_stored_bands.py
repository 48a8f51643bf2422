"""Bands of stores, reBEN's and those of other data sets, and training samples from them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from reben.core.bands import BAND_SETS
from reben.core.errors import BandError
from reben.data.dataset import PatchDataset
from reben.data.normalisation import BandStatistics
from reben.data.opening import open_dataset
from reben.data.stored_bands import bands_of, is_foreign
from reben.io.store import Store, create_store, open_store

Tensors = dict[str, np.ndarray]


@pytest.fixture
def store_of(tmp_path: Path) -> Callable[..., Store]:
    def make(**values: Tensors) -> Store:
        with create_store(tmp_path / "store") as writer:
            writer.write([(key, save(tensors)) for key, tensors in sorted(values.items())])
        return open_store(tmp_path / "store")

    return make


def raster(rows: int, columns: int | None = None, *, dtype: str = "uint16", start: int = 0) -> np.ndarray:
    columns = columns or rows
    return (np.arange(rows * columns) + start).astype(dtype).reshape(rows, columns)


REBEN = {"B02": raster(12), "B05": raster(6), "B01": raster(2)}
EUROSAT = {"B01": raster(8), "B02": raster(8, start=7), "B05": raster(8), "B08A": raster(8)}
UC_MERCED = {"Red": raster(8, dtype="uint8"), "Green": raster(8, dtype="uint8"), "Blue": raster(8, dtype="uint8")}


@pytest.mark.parametrize(
    ("tensors", "selection", "expected"),
    [
        (REBEN, "b02,B05", {"B02": 10, "B05": 20}),
        (REBEN, "all", dict.fromkeys(BAND_SETS["all"])),
        (REBEN | {"NDVI": raster(6, dtype="float32")}, "B02,NDVI", {"B02": 10, "NDVI": 20}),
        (REBEN | {"NDVI": raster(6, dtype="float32")}, "all", dict.fromkeys(BAND_SETS["all"])),
        (EUROSAT, "all", dict.fromkeys(EUROSAT, 10)),
        (EUROSAT, "B08A,B02", {"B08A": 10, "B02": 10}),
        (UC_MERCED, "red,green,blue", dict.fromkeys(UC_MERCED, 10)),
        (UC_MERCED, "rgb", dict.fromkeys(UC_MERCED, 10)),
        (UC_MERCED, "all", dict.fromkeys(sorted(UC_MERCED), 10)),
        ({"B1": raster(4), "B2": raster(12)}, "all", {"B1": 30, "B2": 10}),
    ],
)
def test_bands_are_those_of_the_store(
    store_of: Callable[..., Store], tensors: Tensors, selection: str, expected: dict[str, int | None]
):
    bands = bands_of(store_of(a=tensors), "a", selection)
    assert [band.name for band in bands] == list(expected)
    for band in bands:
        if expected[band.name] is not None:
            assert band.resolution_m == expected[band.name]
        if band.name in tensors:
            assert band.dtype == tensors[band.name].dtype.name


def test_unknown_bands_are_answered_with_those_of_the_store(store_of: Callable[..., Store]):
    with pytest.raises(BandError, match="unknown band 'B02', 'B03'") as caught:
        bands_of(store_of(a=UC_MERCED), "a", "s2")
    assert "Blue, Green, Red" in caught.value.hint


def test_a_store_without_the_patch_is_taken_for_rebens(store_of: Callable[..., Store]):
    assert not any(map(is_foreign, bands_of(store_of(a=REBEN), "b", "s2")))


def test_images_of_another_data_set_are_normalised_and_brought_to_one_size(
    store_of: Callable[..., Store], tmp_path: Path
):
    """UC Merced has images of slightly varying size."""
    larger = {name: raster(10, 9, dtype="uint8", start=3) for name in UC_MERCED}
    smaller = {name: raster(7, 8, dtype="uint8") for name in UC_MERCED}
    store = store_of(a=larger, b=UC_MERCED, c=smaller, d=UC_MERCED)
    table = write_table(tmp_path / "metadata.parquet", {"a": "farm", "b": "river", "c": "farm", "d": "river"})
    statistics = {name: BandStatistics(10.0, 4.0) for name in UC_MERCED}
    dataset = open_dataset(store.path, table, bands="rgb", statistics=statistics)
    assert dataset.classes == ("farm", "river")
    assert repr(dataset) == "PatchDataset(4 patches, all splits, bands Red,Green,Blue)"
    for key, cut in (
        ("a", larger["Red"][1:9, 0:8]),
        ("b", UC_MERCED["Red"]),
        ("c", smaller["Red"][[0, 0, 1, 2, 3, 4, 5, 6]]),
    ):
        sample = dataset[dataset.patches.ids.to_pylist().index(key)]
        assert sample["image"].shape == (3, 8, 8)
        torch.testing.assert_close(sample["image"][0], (torch.tensor(cut).float() - 10) / 4)


def test_statistics_of_other_bands_must_be_given(store_of: Callable[..., Store], tmp_path: Path):
    table = write_table(tmp_path / "metadata.parquet", {"a": "farm"})
    with pytest.raises(BandError, match="no mean and positive standard deviation known for Blue, Green, Red") as caught:
        open_dataset(store_of(a=UC_MERCED).path, table)
    assert "reben stats" in caught.value.hint
    assert isinstance(open_dataset(tmp_path / "store", table, statistics=None), PatchDataset)


def write_table(path: Path, labels: dict[str, str]) -> Path:
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    pq.write_table(
        pa.table({"patch_id": list(labels), "labels": list(labels.values()), "split": ["train"] * len(labels)}), path
    )
    return path
