"""Batches in order, by any number of threads, shared among processes."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save

from reben.core.errors import KeyNotFoundError, MetadataError, StoreError
from reben.data import unfinished
from reben.data.dataset import PatchDataset
from reben.data.loader import BatchLoader
from reben.data.patches import Patches
from reben.data.sampling import ShuffledIndices
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store
from reben.io.store.writer import create_store


@pytest.fixture
def dataset(tiny_store: Path, tiny_dataset: DatasetPaths) -> PatchDataset:
    return PatchDataset(open_store(tiny_store), Patches.from_metadata(read_metadata([tiny_dataset.metadata])))


def ids(loader: BatchLoader) -> list[list[str]]:
    return [batch["patch_id"] for batch in loader]


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("piece", [1, 2, 32])
def test_threads_give_what_one_gives(
    dataset: PatchDataset, threads: int, native: bool, piece: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(unfinished, "_PIECE_PATCHES", piece)
    options = {"batch_size": 3, "sampler": ShuffledIndices(len(dataset), seed=1), "native": native}
    alone, beside = BatchLoader(dataset, **options), BatchLoader(dataset, threads=threads, **options)
    assert len(alone) == len(beside) == -(-len(dataset) // 3)
    for one, other in zip(alone, beside, strict=True):
        assert one["patch_id"] == other["patch_id"]
        for name in ("s1", "s2", "flips", "label") if native else ("image", "label"):
            assert torch.equal(one[name], other[name])


def test_without_a_sampler_patches_come_in_order(dataset: PatchDataset):
    found = ids(BatchLoader(dataset, batch_size=4))
    assert [name for batch in found for name in batch] == dataset.patches.ids.to_pylist()


def test_a_single_last_training_patch_is_left_out(dataset: PatchDataset):
    size = len(dataset) - 1
    assert [len(batch) for batch in ids(BatchLoader(dataset, batch_size=size))] == [size, 1]
    loader = BatchLoader(dataset, batch_size=size, sampler=ShuffledIndices(len(dataset), seed=1))
    assert [len(batch) for batch in ids(loader)] == [size]
    assert len(loader) == 1
    ones = BatchLoader(dataset, batch_size=1, sampler=ShuffledIndices(len(dataset), seed=1))
    assert len(ones) == len(ids(ones)) == len(dataset)  # as asked for


def test_an_epoch_that_is_told_late_counts(dataset: PatchDataset):
    sampler = ShuffledIndices(len(dataset), seed=1)
    loader = BatchLoader(dataset, batch_size=4, sampler=sampler)
    batches = iter(loader)
    sampler.set_epoch(7)
    found = [batch["patch_id"] for batch in batches]
    assert found == ids(loader)
    sampler.set_epoch(8)
    assert found != ids(loader)


def test_threads_end_with_the_loop(dataset: PatchDataset):
    for _ in BatchLoader(dataset, batch_size=1, threads=3):
        break
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("reben-loader")]


def test_errors_reach_the_loop(tiny_store: Path, tiny_dataset: DatasetPaths):
    rows = read_metadata([tiny_dataset.metadata])
    names = [f"{name[:-5]}90_90" if number == 5 else name for number, name in enumerate(rows["patch_id"].to_pylist())]
    patches = Patches.from_metadata(rows.set_column(0, "patch_id", [names]))
    loader = BatchLoader(PatchDataset(open_store(tiny_store), patches), batch_size=2, threads=2)
    batches = iter(loader)
    assert len(next(batches)["patch_id"]) == 2
    with pytest.raises(KeyNotFoundError, match="90_90"):
        list(batches)


def test_a_pixel_that_is_not_a_number_is_named_whichever_piece_it_is_in(
    tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(unfinished, "_PIECE_PATCHES", 2)
    patches = Patches.from_metadata(read_metadata([tiny_dataset.metadata]))
    store = open_store(tiny_store)
    with create_store(tmp_path / "store") as writer:
        damaged = patches.s1_names[5].as_py()
        items = []
        for key in store:
            tensors = {name: array.copy() for name, array in store[key].items()}
            if key == damaged:
                tensors["VH"][7, 9] = np.nan
            items.append((key, save(tensors)))
        writer.write_all(items)
        writer.finish()
    loader = BatchLoader(PatchDataset(open_store(tmp_path / "store"), patches), batch_size=10, threads=2)
    with pytest.raises(StoreError, match=f"{damaged}': VH is nan in row 7, column 9"):
        list(loader)


def become(monkeypatch: pytest.MonkeyPatch, rank: int, processes: int) -> None:
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: processes)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: rank)


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("parts", [1, 2])
@pytest.mark.parametrize("size", [6, 12])
def test_steps_have_the_same_patches_however_many_processes_and_parts_there_are(
    dataset: PatchDataset, processes: int, parts: int, size: int, monkeypatch: pytest.MonkeyPatch
):
    def loader(parts: int) -> BatchLoader:
        return BatchLoader(dataset, batch_size=size, sampler=ShuffledIndices(len(dataset), seed=1), parts=parts)

    alone = [(set(batch["patch_id"]), batch["global_batch_size"]) for batch in loader(1)]
    shared: list[set[str]] = [set() for _ in alone]
    counts = set()
    for rank in range(processes):
        become(monkeypatch, rank, processes)
        own = list(loader(parts))
        assert len(own) == len(loader(parts))
        counts.add(len(own))
        for number, part in enumerate(own):
            step = number // parts
            assert part["global_batch_size"] == alone[step][1]
            assert not shared[step] & set(part["patch_id"])
            shared[step] |= set(part["patch_id"])
    assert len(counts) == 1  # else processes would wait for one another for ever
    whole_steps = counts.pop() // parts
    assert len(alone) - whole_steps <= 1
    assert shared[:whole_steps] == [names for names, _ in alone[:whole_steps]]


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_share_the_patches_of_an_evaluation(
    dataset: PatchDataset, processes: int, monkeypatch: pytest.MonkeyPatch
):
    found = []
    for rank in range(processes):
        become(monkeypatch, rank, processes)
        found.append([name for batch in ids(BatchLoader(dataset, batch_size=4, parts=2)) for name in batch])
    assert sorted(name for part in found for name in part) == sorted(dataset.patches.ids.to_pylist())
    assert found[0] == dataset.patches.ids.to_pylist()[::processes]


def test_too_few_patches_for_the_processes_are_an_error(dataset: PatchDataset, monkeypatch: pytest.MonkeyPatch):
    become(monkeypatch, 0, len(dataset) + 1)
    with pytest.raises(MetadataError, match="are too few for"):
        list(BatchLoader(dataset, batch_size=4))


def test_waiting_is_counted(dataset: PatchDataset):
    loader = BatchLoader(dataset, batch_size=4)
    assert loader.waited_s == 0
    list(loader)
    once = loader.waited_s
    assert once > 0
    list(loader)
    assert loader.waited_s > once
