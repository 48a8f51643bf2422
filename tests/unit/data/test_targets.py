from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.core.classes import CLC2018
from reben.core.errors import MetadataError
from reben.data.datamodule import PatchDataModule
from reben.data.targets import Target, share_of_class
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths


def with_column(paths: DatasetPaths, target: Path, values: list[object] | None = None) -> Path:
    """The metadata table of the tiny data set with a further column, which counts the patches by default."""
    rows = read_metadata([paths.metadata])
    numbers = pa.array(list(range(rows.num_rows)) if values is None else values)
    pq.write_table(rows.append_column("biomass", numbers), target)
    return target


def test_a_column_of_the_tables(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path):
    table = with_column(tiny_dataset, tmp_path / "table.parquet")
    expected = dict(zip(pq.read_table(table)["patch_id"].to_pylist(), range(99), strict=False))
    dataset = PatchDataModule(tiny_store, table, bands="B02", target="biomass").dataset("train")
    for sample in dataset:
        assert sample["target"].dtype.is_floating_point
        assert sample["target"].item() == expected[sample["patch_id"]]
    batch = dataset[3:7].batch([2, 0])
    assert batch["target"].tolist() == [expected[name] for name in batch["patch_id"]]


def test_the_share_of_a_class(tiny_dataset: DatasetPaths, tiny_store: Path):
    options = {"bands": "B02", "reference_maps": True, "target": "share:Pastures"}
    dataset = PatchDataModule(tiny_store, tiny_dataset.metadata, **options).dataset("train")
    number = CLC2018.class_names.index("Pastures")
    shares = []
    for sample in dataset:
        mask = sample["mask"].numpy()
        shares.append(float((mask == number).sum() / (mask >= 0).sum()))
        assert sample["target"].item() == pytest.approx(shares[-1])
    assert max(shares) > 0


@pytest.mark.parametrize("wrong", [None, float("nan"), float("inf")])
def test_a_patch_without_a_number_is_named(
    tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path, wrong: float | None
):
    rows = read_metadata([tiny_dataset.metadata])
    number = rows["split"].to_pylist().index("train")
    values: list[object] = [1.5] * rows.num_rows
    values[number] = wrong
    table = with_column(tiny_dataset, tmp_path / "table.parquet", values)
    data = PatchDataModule(tiny_store, table, bands="B02", target="biomass")
    with pytest.raises(MetadataError, match=f"{rows['patch_id'][number].as_py()}.*'biomass' is empty or not a finite"):
        data.dataset("train")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("height", "column 'height' is missing; found: patch_id"),
        ("country", "column 'country': has type .*; expected numbers"),
        ("share:Moon dust", "has no class 'Moon dust'"),
        ("share:", "names nothing"),
        (" ", "names nothing"),
    ],
)
def test_targets_that_are_not_there(tiny_dataset: DatasetPaths, tiny_store: Path, target: str, message: str):
    with pytest.raises(MetadataError, match=message):
        PatchDataModule(tiny_store, tiny_dataset.metadata, bands="B02", target=target).dataset("train")


def test_maps_without_a_label_have_no_share():
    assert share_of_class(np.array([[0, 1], [1, -1]], np.int8), 1, "p") == pytest.approx(2 / 3)
    with pytest.raises(MetadataError, match="'p': no pixel of its reference map is labelled"):
        share_of_class(np.full((2, 2), -1, np.int8), 1, "p")


def test_what_a_target_needs():
    assert Target.parse("biomass").column == "biomass"
    assert Target.parse("share:Pastures").needs_maps
