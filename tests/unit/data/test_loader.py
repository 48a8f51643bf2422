"""Batches in order, by any number of threads, shared among processes."""

import threading
from pathlib import Path

import pytest
import torch

from reben.core.errors import KeyNotFoundError
from reben.data.dataset import PatchDataset
from reben.data.loader import BatchLoader
from reben.data.patches import Patches
from reben.data.sampling import ShuffledDraws
from reben.io.dataset_paths import DatasetPaths
from reben.io.metadata import read_metadata
from reben.io.store import open_store


@pytest.fixture
def dataset(tiny_store: Path, tiny_dataset: DatasetPaths) -> PatchDataset:
    return PatchDataset(open_store(tiny_store), Patches.from_metadata(read_metadata([tiny_dataset.metadata])))


def ids(loader: BatchLoader) -> list[list[str]]:
    return [batch["patch_id"] for batch in loader]


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_give_what_one_gives(dataset: PatchDataset, threads: int, native: bool):
    options = {"batch_size": 3, "sampler": ShuffledDraws(len(dataset), seed=1), "native": native}
    alone, beside = BatchLoader(dataset, **options), BatchLoader(dataset, threads=threads, **options)
    assert len(alone) == len(beside) == -(-len(dataset) // 3)
    for one, other in zip(alone, beside, strict=True):
        assert one["patch_id"] == other["patch_id"]
        for name in ("s1", "s2", "flips", "label") if native else ("image", "label"):
            assert torch.equal(one[name], other[name])


def test_without_a_sampler_patches_come_in_order(dataset: PatchDataset):
    found = ids(BatchLoader(dataset, batch_size=4))
    assert [name for batch in found for name in batch] == dataset.patches.ids.to_pylist()


def test_a_single_last_patch_may_be_left_out(dataset: PatchDataset):
    size = len(dataset) - 1
    assert [len(batch) for batch in ids(BatchLoader(dataset, batch_size=size))] == [size, 1]
    loader = BatchLoader(dataset, batch_size=size, drop_single=True)
    assert [len(batch) for batch in ids(loader)] == [size]
    assert len(loader) == 1
    assert len(BatchLoader(dataset, batch_size=1, drop_single=True)) == 1  # better than nothing


def test_an_epoch_that_is_told_late_counts(dataset: PatchDataset):
    sampler = ShuffledDraws(len(dataset), seed=1)
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


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_share_the_patches(dataset: PatchDataset, processes: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: processes)
    training, validation = [], []
    for rank in range(processes):
        monkeypatch.setattr(torch.distributed, "get_rank", lambda rank=rank: rank)
        sampler = ShuffledDraws(len(dataset), seed=1)
        training.append([name for batch in ids(BatchLoader(dataset, batch_size=4, sampler=sampler)) for name in batch])
        validation.append([name for batch in ids(BatchLoader(dataset, batch_size=4)) for name in batch])
    assert {len(part) for part in training} == {len(dataset) // processes}
    assert len({name for part in training for name in part}) == len(dataset) // processes * processes
    assert sorted(name for part in validation for name in part) == sorted(dataset.patches.ids.to_pylist())
