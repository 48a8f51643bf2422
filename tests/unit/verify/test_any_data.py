from pathlib import Path

import pytest

from reben.core.errors import MetadataError
from reben.io.dataset.paths import DatasetPaths
from reben.verify.any_data import verify_data


def test_data_sets_stores_and_data_sets_with_a_store(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path):
    patches = len(list(tiny_dataset.s2.glob("*/*")))
    tables = [tiny_dataset.metadata, tiny_dataset.snow_and_cloud_metadata]
    (tmp_path / "store").symlink_to(tiny_store)
    for table in tables:
        (tmp_path / table.name).write_bytes(table.read_bytes())
    found = {
        "files": verify_data(tiny_dataset.root),
        "values": verify_data(tmp_path),
        "the store itself": verify_data(tiny_store, tables),
        "its file": verify_data(tiny_store / "data.mdb", tables),
    }
    present = {name: next(c.checked for c in checks if "present" in c.rule) for name, checks in found.items()}
    assert present == {"files": 15 * patches} | dict.fromkeys(("values", "the store itself", "its file"), 3 * patches)


def test_something_else(tmp_path: Path):
    with pytest.raises(MetadataError, match="is neither a data set nor a store"):
        verify_data(tmp_path)
