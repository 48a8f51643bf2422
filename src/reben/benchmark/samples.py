"""Embeddings with the labels that the metadata tables give their patches, split by split."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reben.core.classes import Legend
from reben.core.errors import BenchmarkError
from reben.core.names import SPLIT_NAMES
from reben.data.groups import tiles_of
from reben.data.patches import Patches
from reben.io.dataset.legends import legend_of_tables
from reben.io.dataset.metadata import read_metadata
from reben.learn.retrieval.embeddings import Embeddings
from reben.learn.retrieval.provenance import hash_of_ids, hash_of_rows


@dataclass(frozen=True, slots=True)
class Truth:
    """What the tables say of the patches of one split."""

    ids: list[str]
    labels: NDArray[np.bool_]
    """Shape (patches, classes)."""
    countries: list[str | None]
    tiles: list[str] | None
    """Tile of each patch; None where ids do not tell it."""

    def units(self) -> list[str]:
        """What is resampled as a whole: tiles, or patches where there are none."""
        return self.tiles or self.ids


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be predicted, of which patches."""

    legend: Legend
    splits: dict[str, Truth]
    patches_sha256: dict[str, str]
    """Hash of the ids of each split."""
    rows_sha256: str
    """Hash of ids, splits and labels of all patches."""
    snow_and_cloud: bool


@dataclass(frozen=True, slots=True)
class Samples:
    """Embeddings of the patches of one split, in the order of its truth."""

    vectors: NDArray[np.float32]
    truth: Truth


def read_task(tables: Sequence[Path], *, snow_and_cloud: bool = False) -> Task:
    """The patches of the tables with their labels.

    Raises:
        MetadataError: if a table is wrong.
        BenchmarkError: if a split has no patch.
    """
    legend = legend_of_tables(tables)
    rows = read_metadata(list(tables), legend=legend)
    splits: dict[str, Truth] = {
        split: _truth(rows, split, legend, snow_and_cloud=snow_and_cloud) for split in SPLIT_NAMES
    }
    for split, truth in splits.items():
        if not truth.ids:
            raise BenchmarkError(f"the metadata tables have no {split} patch", hint="give tables of all three splits")
    everything = pa.array([name for truth in splits.values() for name in truth.ids])
    return Task(
        legend,
        splits,
        {split: hash_of_ids(truth.ids) for split, truth in splits.items()},
        hash_of_rows(rows.take(pc.index_in(everything, rows["patch_id"].combine_chunks()))),
        snow_and_cloud,
    )


def samples_of(embeddings: Embeddings, task: Task, source: str) -> dict[str, Samples]:
    """Embeddings of every split.

    Args:
        embeddings: of the task's patches, and maybe of those that are left out of it.
        task: what is to be predicted.
        source: where the embeddings come from, for messages.

    Raises:
        BenchmarkError: if they are of other patches.
    """
    places = {name: row for row, name in enumerate(embeddings.ids)}
    found = {}
    for split, truth in task.splits.items():
        rows = [places.get(name, -1) for name in truth.ids]
        missing = [name for name, row in zip(truth.ids, rows, strict=True) if row < 0]
        if missing:
            raise BenchmarkError(
                f"{source}: lacks {len(missing)} of {len(truth.ids)} {split} patches of the tables, such as "
                f"{missing[0]!r}",
                hint="embed the same data, all three splits, with the same --snow-and-cloud",
            )
        found[split] = Samples(embeddings.vectors[rows], truth)
    strange = len(places) - sum(len(truth.ids) for truth in task.splits.values())
    if strange > 0 and embeddings.provenance.get("snow_and_cloud") != "true":
        raise BenchmarkError(
            f"{source}: holds {strange} patches that the tables do not have",
            hint="give the tables with which it was made",
        )
    return found


def _truth(rows: pa.Table, split: str, legend: Legend, *, snow_and_cloud: bool) -> Truth:
    patches = Patches.from_metadata(rows, split=split, snow_and_cloud=snow_and_cloud, legend=legend)
    tiles = tiles_of(patches) if len(patches) else None
    places = pc.index_in(patches.ids, rows["patch_id"].combine_chunks())
    return Truth(
        patches.ids.to_pylist(),
        patches.labels.astype(np.bool_),
        rows["country"].take(places).to_pylist(),
        None if tiles is None else [str(tile) for tile in tiles],
    )
