"""The loader: normalised, flipped float batches of 12 bands, in samples per second, beside what memory allows."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from benchmarks.dataset import BenchData
from benchmarks.timing import medians_s
from reben.core.classes import CLC2018
from reben.data.dataset import PatchDataset, as_is
from reben.data.patches import Patches
from reben.data.sampling import ShuffledDraws
from reben.io.store import open_store

BATCH = 64

IN_PROCESS, TWO_WORKERS, COPY = "DataLoader, in this process", "DataLoader, 2 worker processes", "copying ready batches"


def measure(data: BenchData, store: Path, *, rounds: int) -> dict[str, float]:
    """Median samples per second of each way; the store is in the page cache."""
    ids, s1_names = zip(*data.patches, strict=True)
    labels = np.zeros((len(ids), len(CLC2018.class_names)), np.uint8)
    dataset = PatchDataset(open_store(store), Patches(pa.array(ids), pa.array(s1_names), labels, CLC2018), "all")
    loaders = {IN_PROCESS: _loader(dataset, 0), TWO_WORKERS: _loader(dataset, 2)}
    ready = next(iter(loaders[IN_PROCESS]))["image"].numpy().copy()
    target = np.empty_like(ready)

    def drain(loader: torch.utils.data.DataLoader[object]) -> None:
        for _ in loader:
            pass

    def copy() -> None:
        for _ in range(-(-len(dataset) // BATCH)):
            np.copyto(target, ready)

    ways = {name: lambda loader=loader: drain(loader) for name, loader in loaders.items()} | {COPY: copy}
    for run in ways.values():
        run()  # page cache, worker processes
    seconds = medians_s(ways, rounds=rounds)
    return {name: len(dataset) / value for name, value in seconds.items()}


def _loader(dataset: PatchDataset, workers: int) -> torch.utils.data.DataLoader[object]:
    return torch.utils.data.DataLoader(
        dataset,
        batch_size=BATCH,
        sampler=ShuffledDraws(len(dataset), seed=0),
        num_workers=workers,
        persistent_workers=workers > 0,
        collate_fn=as_is,
    )
