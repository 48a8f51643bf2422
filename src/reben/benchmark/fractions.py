"""Parts of a training split, the same for everybody: drawn by the hash of seed and patch id, stratum by stratum.

A patch belongs to the stratum of its rarest class, so that rare classes are drawn in proportion, too (after Sechidis et
al., On the Stratification of Multi-label Data, 2011, who begin with the rarest label). A larger fraction of the same
seed contains a smaller one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reben.core.errors import BenchmarkError
from reben.work import atomic

WHOLE = 1.0
_SCHEMA = pa.schema(
    [pa.field("fraction", pa.float64()), pa.field("seed", pa.int64()), pa.field("patch_id", pa.string())]
)
_HINT = "give a file that `reben probe --lists` wrote, or another name"


@dataclass(frozen=True, slots=True)
class Draw:
    """Training patches of one fraction and seed."""

    fraction: float
    seed: int
    patch_ids: tuple[str, ...]


def planned(fractions: Sequence[float], seeds: int) -> list[tuple[float, int]]:
    """Fractions and seeds of all draws; of the whole split there is one only.

    >>> planned([0.1, 1.0], 2)
    [(0.1, 0), (0.1, 1), (1.0, 0)]
    """
    return [(f, seed) for f in sorted(set(fractions)) for seed in range(1 if f == WHOLE else seeds)]


def draw(ids: Sequence[str], labels: NDArray[np.bool_], fraction: float, seed: int, names: Sequence[str]) -> Draw:
    """A fraction of the training patches.

    Args:
        ids: of all training patches.
        labels: shape (patches, classes).
        fraction: above 0, at most 1.
        seed: equal seeds give equal draws.
        names: of the classes.

    Raises:
        BenchmarkError: if a class that the split has is not in the draw.
    """
    if fraction == WHOLE:
        return Draw(fraction, seed, tuple(sorted(ids)))
    ranks = np.array([_rank(name, seed) for name in ids])
    counts = labels.sum(axis=0)
    rarity = np.where(labels, counts, len(ids) + 1)
    strata = np.where(labels.any(axis=1), rarity.argmin(axis=1), labels.shape[1])
    chosen = np.zeros(len(ids), np.bool_)
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        ordered = rows[np.argsort(ranks[rows], kind="stable")]
        chosen[ordered[: int(fraction * len(rows) + 0.5)]] = True
    missing = np.flatnonzero((counts > 0) & ~labels[chosen].any(axis=0))
    if len(missing):
        first = int(missing[0])
        raise BenchmarkError(
            f"fraction {fraction:g}, seed {seed}: no patch of {names[first]}, which {int(counts[first])} of {len(ids)} "
            "training patches have",
            hint=f"use a larger fraction, from about {min(1.0, 1 / int(counts[first])):.2g}",
        )
    return Draw(fraction, seed, tuple(sorted(np.array(ids, object)[chosen].tolist())))


def write_draws(path: Path, draws: Sequence[Draw]) -> None:
    """Write lists of patches as Parquet: fraction, seed, patch_id."""
    sizes = [len(one.patch_ids) for one in draws]
    table = pa.table(
        [
            np.repeat([one.fraction for one in draws], sizes),
            np.repeat([one.seed for one in draws], sizes),
            [name for one in draws for name in one.patch_ids],
        ],
        schema=_SCHEMA,
    )
    with atomic.new_file(path) as partial:
        pq.write_table(table, partial, compression="zstd")


def read_draws(path: Path) -> dict[tuple[float, int], Draw]:
    """Lists of patches by fraction and seed.

    Raises:
        BenchmarkError: if it is not a file of them.
    """
    try:
        rows = pq.read_table(path, schema=_SCHEMA)
    except (OSError, pa.ArrowException) as error:
        raise BenchmarkError(f"{path}: is not a file of lists of patches ({error})", hint=_HINT) from error
    found: dict[tuple[float, int], list[str]] = {}
    for fraction, seed, name in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        found.setdefault((fraction, seed), []).append(name)
    return {key: Draw(*key, tuple(names)) for key, names in found.items()}


def _rank(name: str, seed: int) -> int:
    """Place of a patch in the order of a seed; the first eight bytes of SHA-256 of `seed:patch_id`."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big") >> 1
