"""Every kind of damage that a store may have is found, and named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from reben.core.errors import MetadataError
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import create_store, open_store
from reben.verify.findings import Check
from reben.verify.patch_check import LABELS, PRESENT, STRAYS, VALID
from reben.verify.store import verify_store

Change = Callable[[dict[str, dict[str, np.ndarray]]], None]


@pytest.fixture
def tables(tiny_dataset: DatasetPaths) -> list[Path]:
    return [tiny_dataset.metadata, tiny_dataset.snow_and_cloud_metadata]


@pytest.fixture
def changed(tiny_store: Path, tmp_path: Path) -> Callable[[Change], Path]:
    """A copy of the store with other values."""

    def change(change_values: Change) -> Path:
        store = open_store(tiny_store)
        values = {key: load(store.raw(key)) for key in store}
        change_values(values)
        with create_store(tmp_path / "store") as writer:
            writer.write([(key, save(tensors)) for key, tensors in sorted(values.items())])
        return tmp_path / "store"

    return change


def different(checks: list[Check]) -> dict[str, list[str]]:
    return {check.rule: [finding.what for finding in check.findings] for check in checks if check.differences}


def first(values: dict, end: str = "") -> str:
    return next(key for key in sorted(values) if key.startswith("S2") and key.endswith(end))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_whole_store_has_no_differences(tiny_store: Path, tables: list[Path], workers: int):
    checks = verify_store(tiny_store, tables, workers=workers)
    patches = len(open_store(tiny_store)) // 3
    assert not different(checks)
    assert {check.rule: check.checked for check in checks if check.rule in {PRESENT, VALID, LABELS, STRAYS}} == {
        PRESENT: 3 * patches,
        VALID: 14 * patches,
        LABELS: patches,
        STRAYS: 3 * patches,
    }


def test_missing_values_and_others_that_no_row_names(changed: Callable[[Change], Path], tables: list[Path]):
    def change(values: dict) -> None:
        values["another"] = values.pop(first(values))
        del values[first(values, "_reference_map")]
        del values[next(key for key in sorted(values) if key.startswith("S1"))]

    checks = verify_store(changed(change), tables)
    messages = different(checks)[PRESENT]
    assert len(messages) == 3
    assert all("has no key" in message for message in messages)
    (strays,) = (check for check in checks if check.rule == STRAYS)
    assert [finding.where.rsplit(" ", 1)[1] for finding in strays.findings] == ["another"]


def test_wrong_tensors(changed: Callable[[Change], Path], tables: list[Path]):
    def change(values: dict) -> None:
        key = first(values)
        values[key]["B02"] = values[key]["B02"].astype(np.float32)
        values[key]["B03"] = values[key]["B03"][:60]
        del values[first(values, "_reference_map")]["Data"]

    messages = different(verify_store(changed(change), tables))[PRESENT]
    assert "B02 120x120 float32" in messages[0]
    assert "B03 60x120 uint16" in messages[0]
    assert messages[1] == "has nothing; expected Data 120x120 uint16"


def test_invalid_pixels_and_labels_that_do_not_follow(changed: Callable[[Change], Path], tables: list[Path]):
    def change(values: dict) -> None:
        values[first(values)]["B09"][0, 0] = 0
        values[first(values, "_reference_map")]["Data"][:] = 512

    found = different(verify_store(changed(change), tables))
    assert found[VALID] == ["B09 has invalid pixels"]
    assert "its reference map gives ['Inland waters']" in found[LABELS][0]


def test_parts_that_were_not_encoded_are_left_out(changed: Callable[[Change], Path], tables: list[Path]):
    def change(values: dict) -> None:
        for key in list(values):
            if key.startswith("S1") or key.endswith("_reference_map"):
                del values[key]

    checks = verify_store(changed(change), tables)
    assert not different(checks)
    assert LABELS not in {check.rule for check in checks}


def test_tables_must_be_known(changed: Callable[[Change], Path], tables: list[Path]):
    store = changed(lambda _: None)
    with pytest.raises(MetadataError, match="no metadata table beside it") as caught:
        verify_store(store)
    assert "--metadata" in caught.value.hint
    for table in tables:
        (store.parent / table.name).write_bytes(table.read_bytes())
    assert not different(verify_store(store))
