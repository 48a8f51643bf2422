import shutil
from pathlib import Path

import geopandas
import pyarrow.parquet as pq
import pytest

from reben.io.dataset.paths import DatasetPaths
from stand_ins.command import run_reben as reben


def test_tables_are_joined_with_or_without_footprints(tiny_dataset: DatasetPaths, tmp_path: Path):
    plain, placed = tmp_path / "plain.parquet", tmp_path / "placed.parquet"
    reben("metadata", tiny_dataset.root, "--output", plain)
    result = reben("metadata", "--geometry", *tiny_dataset.tables, "--output", placed)
    assert "with footprints" in result.stdout
    table = pq.read_table(plain)
    assert table.schema.equals(pq.read_schema(tiny_dataset.metadata))
    assert table.num_rows == sum(pq.read_metadata(path).num_rows for path in tiny_dataset.tables)
    frame = geopandas.read_parquet(placed)
    assert frame.patch_id.tolist() == table["patch_id"].to_pylist()
    assert (frame.geometry.is_valid & ~frame.geometry.is_empty).all()
    assert [path.name for path in tmp_path.glob("*.qml")] == ["placed.qml"]


@pytest.mark.parametrize("command", ["metadata", "footprints"])
def test_tables_are_never_replaced_by_what_is_made_of_them(command: str, tiny_dataset: DatasetPaths, tmp_path: Path):
    table = Path(shutil.copy(tiny_dataset.metadata, tmp_path / "metadata.parquet"))
    before = table.read_bytes()
    assert "is one of the tables that are read" in reben(command, tmp_path, "--output", table, code=1).stderr
    assert table.read_bytes() == before


def test_columns_that_are_missing_are_named(tiny_dataset: DatasetPaths, tmp_path: Path):
    pq.write_table(pq.read_table(tiny_dataset.metadata).select(["labels"]), tmp_path / "few.parquet")
    error = reben("metadata", tmp_path / "few.parquet", "--output", tmp_path / "out.parquet", code=1).stderr
    assert "columns 'patch_id', 'split' are missing; found: labels" in error


def test_a_wrong_table_is_an_error_with_a_hint(tmp_path: Path):
    (tmp_path / "metadata.parquet").write_bytes(b"PAR1, cut off")
    error = reben("metadata", tmp_path, "--output", tmp_path / "out.parquet", code=1).stderr
    assert "cannot be read as a Parquet table" in error
    assert "hint:" in error
    assert not (tmp_path / "out.parquet").exists()
