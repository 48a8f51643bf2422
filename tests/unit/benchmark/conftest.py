from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.core.classes import CLC2018
from reben.io.dataset.metadata import SCHEMA

CLASSES = 4


@pytest.fixture
def make_task(tmp_path: Path) -> Callable[..., tuple[Path, pa.Table, np.ndarray, tuple[str, ...]]]:
    """Metadata tables of patches of nine tiles, their rows, their labels (patches, 19), and the class names."""

    def make(per_tile: int = 40) -> tuple[Path, pa.Table, np.ndarray, tuple[str, ...]]:
        random = np.random.default_rng(0)
        names = CLC2018.class_names
        ids, splits, countries = [], [], []
        tested = ("33AAB", "33AAC", "34AAA", "34AAB", "34AAC")
        split_of = {**dict.fromkeys(("32AAA", "32AAB", "32AAC"), "train"), "33AAA": "validation"}
        for tile, split in (split_of | dict.fromkeys(tested, "test")).items():
            ids += [f"S2A_MSIL2A_20170613T101031_N9999_R022_T{tile}_{n:02d}_00" for n in range(per_tile)]
            splits += [split] * per_tile
            countries += ["Here" if tile.endswith("B") else "There"] * per_tile
        labels = np.zeros((len(ids), len(names)), np.bool_)
        labels[:, :CLASSES] = random.random((len(ids), CLASSES)) < [0.6, 0.4, 0.3, 0.2]
        labels[~labels.any(1), 0] = True
        listed = [[names[number] for number in np.flatnonzero(row)] for row in labels]
        columns = {"patch_id": ids, "labels": listed, "split": splits, "country": countries}
        nothing: list[object] = [None] * len(ids)
        table = pa.table({field.name: columns.get(field.name, nothing) for field in SCHEMA}, schema=SCHEMA)
        path = tmp_path / "metadata.parquet"
        pq.write_table(table, path)
        return path, table.select(["patch_id", "split", "country", "labels"]), labels, names

    return make
