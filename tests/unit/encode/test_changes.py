"""An encoding that is resumed notices every sample that is not what it was."""

import os
import shutil
from pathlib import Path

import pytest

from reben.core.errors import EncodeError
from reben.encode import shards as shards_module
from reben.encode.bigearthnet import S2_PATCHES
from reben.encode.changes import expect_unchanged
from reben.encode.engine import encode, plan_encoding, requests_of
from reben.encode.specification import Source
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store
from reben.io.tiff.geotiff import read_band


@pytest.fixture
def dataset(tiny_dataset: DatasetPaths, tmp_path: Path) -> DatasetPaths:
    shutil.copytree(tiny_dataset.root, tmp_path / "dataset")
    return DatasetPaths(tmp_path / "dataset")


def change_first(dataset: DatasetPaths) -> Path:
    """Change the last byte of a file of the first patch, and set its time of modification back."""
    folder = min(dataset.s2.glob("*/*"))
    path = folder / f"{folder.name}_B05.tif"
    state, content = path.stat(), bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    return path


def interrupt(dataset: DatasetPaths, target: Path, **options: bool) -> None:
    stops = iter([False, True])

    def progress(advance: int) -> None:
        if advance and next(stops, False):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        encode(plan_encoding([Source(S2_PATCHES, dataset.s2)]), target, progress=progress, **options)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reben.io.store.writer.TRANSACTION_BYTES", 1_000_000)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("how", ["changed", "removed", "replaced"])
def test_a_file_of_a_finished_sample_that_has_changed(dataset: DatasetPaths, tmp_path: Path, how: str):
    interrupt(dataset, tmp_path / "store")
    folder = min(dataset.s2.glob("*/*"))
    if how == "changed":
        change_first(dataset)
    elif how == "removed":
        (folder / f"{folder.name}_B05.tif").unlink()
    else:
        other = max(dataset.s2.glob("*/*"))
        shutil.copy2(other / f"{other.name}_B05.tif", folder / f"{folder.name}_B05.tif")
    with pytest.raises(EncodeError, match=f"{folder.name} has changed since it was encoded") as caught:
        encode(plan_encoding([Source(S2_PATCHES, dataset.s2)]), tmp_path / "store")
    assert f"{folder.name}_B05.tif" in str(caught.value)
    assert "delete this folder" in caught.value.hint


@pytest.mark.usefixtures("small_batches")
def test_files_that_were_touched_but_are_what_they_were(dataset: DatasetPaths, tmp_path: Path):
    interrupt(dataset, tmp_path / "store")
    for path in dataset.s2.rglob("*.tif"):
        path.touch()
    encode(plan_encoding([Source(S2_PATCHES, dataset.s2)]), tmp_path / "store")
    encode(plan_encoding([Source(S2_PATCHES, dataset.s2)]), tmp_path / "undisturbed")
    assert (tmp_path / "store" / "data.mdb").read_bytes() == (tmp_path / "undisturbed" / "data.mdb").read_bytes()


@pytest.mark.usefixtures("small_batches")
def test_a_sample_that_was_skipped_and_is_whole_now(dataset: DatasetPaths, tmp_path: Path):
    folder = min(dataset.s2.glob("*/*"))
    path = folder / f"{folder.name}_B05.tif"
    content = path.read_bytes()
    path.write_bytes(b"II*")
    interrupt(dataset, tmp_path / "store", skip_errors=True)
    path.write_bytes(content)
    with pytest.raises(EncodeError, match=f"{folder.name} has changed"):
        encode(plan_encoding([Source(S2_PATCHES, dataset.s2)]), tmp_path / "store", skip_errors=True)


def test_finished_shards(dataset: DatasetPaths, tmp_path: Path):
    plan = plan_encoding([Source(S2_PATCHES, dataset.s2)])
    target = tmp_path / "shards" / "00000"
    target.parent.mkdir()
    (target.parent / shards_module.SHARDS_FILE).write_text("{}")
    result = shards_module._encode_shard(shards_module._Shard(plan, target, False))
    assert shards_module._encode_shard(shards_module._Shard(plan, target, False)) == result
    change_first(dataset)
    with pytest.raises(EncodeError, match="has changed since it was encoded"):
        shards_module._encode_shard(shards_module._Shard(plan, target, False))


def test_nothing_is_read_that_was_not_touched(
    dataset: DatasetPaths, tiny_store: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    requests, readers = requests_of(plan_encoding([Source(S2_PATCHES, dataset.s2)]))
    newest = max(path.stat().st_ctime_ns for path in dataset.s2.rglob("*.tif"))
    monkeypatch.setattr(type(readers[0]), "read_into", None)
    store = open_store(tiny_store)
    expect_unchanged(requests, readers, store.buffer, begun_ns=newest, store=tmp_path)
    assert read_band(change_first(dataset)).size
    with pytest.raises(TypeError):  # it is read now
        expect_unchanged(requests, readers, store.buffer, begun_ns=newest, store=tmp_path)
