"""How far the splits of a data set are from one another: ground that they share, and distances between them.

Two patches share ground if they lie on the same square, or if squares of neighbouring tiles overlap by more than 1 m2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from reben.compare.grounds import Grounds, nearest_m, overlapping
from reben.core.names import SPLIT_NAMES
from reben.io.records import record_config

_TRAIN, _TEST = SPLIT_NAMES.index("train"), SPLIT_NAMES.index("test")
_QUANTILES = (0.0, 0.05, 0.5, 0.95)


class SharedGround(BaseModel):
    """Patches of one kind of relation that share ground."""

    model_config = record_config({})

    pairs: int
    """Pairs of patches."""
    across_splits: int
    """Pairs whose patches are in different splits."""
    train_test: int
    """Pairs of a training and a test patch."""
    test_patches: int
    """Test patches that share ground with a training patch in this way."""


class Distance(BaseModel):
    """From the patches of one split to the nearest patch of another."""

    model_config = record_config({})

    smallest_m: float
    quantile_05_m: float
    median_m: float
    quantile_95_m: float
    touching: int
    """Patches that touch or overlap one of the other split."""


class Leakage(BaseModel):
    """Of one assignment of patches to splits."""

    model_config = record_config({})

    source: str
    patches: dict[str, int]
    """By split."""
    same_season: SharedGround
    """The same square in another image of the same season."""
    other_season: SharedGround
    """The same square in an image of another season."""
    tiles_same_season: SharedGround
    """Overlapping squares of two tiles, of the same season."""
    tiles_other_season: SharedGround
    """Overlapping squares of two tiles, of different seasons."""
    test_patches_on_training_ground: int
    """Test patches that share ground with a training patch in any of these ways."""
    distances: dict[str, Distance]
    """By pair of splits, such as `test to train`."""


@dataclass(frozen=True)
class _Counts:
    """Patches by ground, season and split."""

    patches: NDArray[np.int64]
    """Shape (grounds, seasons, splits)."""

    def of(self, split: int) -> NDArray[np.int64]:
        """Patches of one split, shape (grounds, seasons)."""
        found: NDArray[np.int64] = self.patches[:, :, split]
        return found

    @property
    def all(self) -> NDArray[np.int64]:
        """Patches of all splits, shape (grounds, seasons)."""
        total: NDArray[np.int64] = self.patches.sum(axis=2)
        return total


def leakage(
    source: str, grounds: Grounds, splits: NDArray[np.int64], overlaps: NDArray[np.int64] | None = None
) -> Leakage:
    """Of an assignment of patches to splits.

    Args:
        source: whose assignment it is, for people.
        grounds: of the patches.
        splits: index in `SPLIT_NAMES` of each patch, -1 where it is in none; shape (n,).
        overlaps: what `overlapping` gives for these grounds, if that is known already.
    """
    pairs = overlapping(grounds) if overlaps is None else overlaps
    counts = _count(grounds, splits)
    seasons = len(grounds.seasons)
    same, other = np.eye(seasons, dtype=bool), ~np.eye(seasons, dtype=bool)
    itself = np.stack([np.arange(len(grounds))] * 2)
    shared, leaky = {}, {}
    for name, which, seasons_taken in (
        ("same_season", itself, same),
        ("other_season", itself, other),
        ("tiles_same_season", pairs, same),
        ("tiles_other_season", pairs, other),
    ):
        shared[name], leaky[name] = _shared(counts, which, seasons_taken, same_ground=which is itself)
    test = counts.of(_TEST)
    return Leakage(
        source=source,
        patches={name: int(counts.of(number).sum()) for number, name in enumerate(SPLIT_NAMES)},
        **shared,
        test_patches_on_training_ground=int(test[np.logical_or.reduce(list(leaky.values()))].sum()),
        distances=_distances(grounds, counts),
    )


def _count(grounds: Grounds, splits: NDArray[np.int64]) -> _Counts:
    shape = (len(grounds), len(grounds.seasons), len(SPLIT_NAMES))
    known = splits >= 0
    cells = np.ravel_multi_index((grounds.of_patch[known], grounds.season_of_patch[known], splits[known]), shape)
    return _Counts(np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape))


def _shared(
    counts: _Counts, pairs: NDArray[np.int64], seasons: NDArray[np.bool_], *, same_ground: bool
) -> tuple[SharedGround, NDArray[np.bool_]]:
    """Pairs of patches on pairs of grounds in some combinations of seasons, and which test cells are affected.

    Args:
        counts: patches by ground, season and split.
        pairs: of grounds, shape (2, pairs).
        seasons: which combinations are counted, shape (seasons, seasons).
        same_ground: whether each pair is a ground and itself; each pair of patches would be counted twice.
    """
    total = counts.all
    everything = _product(total, total, pairs, seasons)
    within = sum(_product(counts.of(i), counts.of(i), pairs, seasons) for i in range(len(SPLIT_NAMES)))
    train, test = counts.of(_TRAIN), counts.of(_TEST)
    train_test = _product(train, test, pairs, seasons) + (0 if same_ground else _product(test, train, pairs, seasons))
    if same_ground:
        alone = int(total.sum()) if seasons.diagonal().any() else 0  # a patch is no pair with itself
        everything, within = (everything - alone) // 2, (within - alone) // 2
    touched = np.zeros(total.shape, np.int64)
    reached = train @ seasons  # training patches by ground, and season of the other patch
    np.add.at(touched, pairs[0], reached[pairs[1]])
    if not same_ground:
        np.add.at(touched, pairs[1], reached[pairs[0]])
    leaky: NDArray[np.bool_] = (touched > 0) & (test > 0)
    found = SharedGround(
        pairs=everything, across_splits=everything - within, train_test=train_test, test_patches=int(test[leaky].sum())
    )
    return found, leaky


def _product(
    one: NDArray[np.int64], other: NDArray[np.int64], pairs: NDArray[np.int64], seasons: NDArray[np.bool_]
) -> int:
    """Number of pairs of patches, one of each ground of a pair, in the combinations of seasons that count."""
    return int(np.einsum("ps,st,pt->", one[pairs[0]], seasons.astype(np.int64), other[pairs[1]]))


def _distances(grounds: Grounds, counts: _Counts) -> dict[str, Distance]:
    """Between all splits that have patches."""
    by_split = counts.patches.sum(axis=1)  # (grounds, splits)
    found = {}
    for one, other in ((_TEST, _TRAIN), (1, _TRAIN), (_TEST, 1)):
        source, target = by_split[:, one] > 0, by_split[:, other] > 0
        metres = np.repeat(nearest_m(grounds, source, target), by_split[source, one])
        metres = metres[np.isfinite(metres)]
        if len(metres):
            smallest, low, median, high = np.quantile(metres, _QUANTILES).round(1).tolist()
            found[f"{SPLIT_NAMES[one]} to {SPLIT_NAMES[other]}"] = Distance(
                smallest_m=smallest, quantile_05_m=low, median_m=median, quantile_95_m=high,
                touching=int((metres <= 0).sum()),
            )  # fmt: skip
    return found
