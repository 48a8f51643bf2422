"""Confidence intervals by the bootstrap: the test set drawn again and again from itself.

Neighbouring patches resemble each other, so that intervals over patches are too narrow; drawing whole tiles keeps
neighbours together. Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 (percentiles) and
8.4 (blocks).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reben.learn.scores.segmentation import summarise
from reben.learn.scores.thresholds import DEFAULT

LEVEL = 0.95
FEWEST_UNITS = 5
"""Tiles from which on benchmarks give intervals: a bootstrap of fewer says little, and of one nothing."""
_TAILS = ((1 - LEVEL) / 2 * 100, (1 + LEVEL) / 2 * 100)


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a metric lies with 95 % confidence."""

    low: float
    high: float


def bootstrap_intervals(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.uint8],
    units: Sequence[str],
    *,
    resamples: int,
    seed: int = 0,
) -> dict[str, Interval]:
    """Intervals of the four metrics of the paper, by their names.

    Args:
        probabilities: shape (patches, classes), 0 to 1.
        labels: shape (patches, classes), 0 or 1.
        units: what is drawn as a whole: the unit that each patch belongs to, shape (patches,).
        resamples: number of drawings.
        seed: equal seeds give equal intervals.
    """
    ranked = RankedDecisions(probabilities, labels)
    return bootstrap(ranked.metrics, units, resamples=resamples, seed=seed)


def bootstrap_confusions(
    confusions: NDArray[np.int32], units: Sequence[str], *, resamples: int, seed: int = 0
) -> dict[str, Interval]:
    """Intervals of the metrics of class maps, by their names.

    Args:
        confusions: one matrix per patch, shape (patches, classes, classes).
        units: what is drawn as a whole: the unit that each patch belongs to, shape (patches,).
        resamples: number of drawings.
        seed: equal seeds give equal intervals.
    """
    unit_of = _numbered(units)
    number, classes = int(unit_of.max()) + 1, confusions.shape[1]
    by_unit = np.zeros((number, classes**2), np.float64)
    np.add.at(by_unit, unit_of, confusions.reshape(len(confusions), -1))

    def metrics(counts: NDArray[np.int64]) -> dict[str, float]:
        drawn = (counts @ by_unit).reshape(classes, classes)
        return summarise(np.rint(drawn).astype(np.int64))

    return _intervals(metrics, number, resamples=resamples, seed=seed)


def bootstrap(
    metrics: Callable[[NDArray[np.float64]], dict[str, float]],
    units: Sequence[str],
    *,
    resamples: int,
    seed: int = 0,
) -> dict[str, Interval]:
    """Intervals of any metrics, by their names.

    Args:
        metrics: takes how often each patch counts, shape (patches,).
        units: what is resampled as a whole: the unit that each patch belongs to, shape (patches,).
        resamples: number of resamples.
        seed: equal seeds give equal intervals.
    """
    unit_of = _numbered(units)
    return _intervals(
        lambda counts: metrics(counts[unit_of].astype(np.float64)),
        int(unit_of.max()) + 1,
        resamples=resamples,
        seed=seed,
    )


def resampled(
    metrics: Callable[[NDArray[np.float64]], dict[str, float]], units: Sequence[str], *, resamples: int, seed: int = 0
) -> dict[str, NDArray[np.float64]]:
    """Values of any metrics in each resample, by their names, shape (resamples,).

    Equal units and seeds give the same resamples, so that values of two models can be compared one by one.

    Args:
        metrics: takes how often each patch counts, shape (patches,).
        units: what is resampled as a whole: the unit that each patch belongs to, shape (patches,).
        resamples: number of resamples.
        seed: equal seeds give equal resamples.
    """
    unit_of = _numbered(units)
    found = _values(
        lambda counts: metrics(counts[unit_of].astype(np.float64)),
        int(unit_of.max()) + 1,
        resamples=resamples,
        seed=seed,
    )
    return {name: np.array(values) for name, values in found.items()}


def interval_of(values: NDArray[np.float64]) -> Interval:
    """The middle 95 % of values of a metric."""
    return Interval(*map(float, np.percentile(values, _TAILS)))


def _numbered(units: Sequence[str]) -> NDArray[np.int64]:
    """Number of each patch's unit, from 0."""
    return np.unique(np.asarray(units), return_inverse=True)[1]


def _intervals(
    metrics: Callable[[NDArray[np.int64]], dict[str, float]], units: int, *, resamples: int, seed: int
) -> dict[str, Interval]:
    """Intervals of metrics that are told how often each unit was drawn."""
    found = _values(metrics, units, resamples=resamples, seed=seed)
    return {name: interval_of(np.array(values)) for name, values in found.items()}


def _values(
    metrics: Callable[[NDArray[np.int64]], dict[str, float]], units: int, *, resamples: int, seed: int
) -> dict[str, list[float]]:
    """Values of metrics that are told how often each unit was drawn, in each resample."""
    random = np.random.default_rng(seed)
    values: dict[str, list[float]] = {}
    for _ in range(resamples):
        counts = np.bincount(random.integers(units, size=units), minlength=units)
        for name, value in metrics(counts).items():
            values.setdefault(name, []).append(value)
    return values


class RankedDecisions:
    """Decisions sorted once, so that metrics of weighted patches take one pass.

    Args:
        probabilities: shape (patches, classes), 0 to 1.
        labels: shape (patches, classes), 0 or 1.
    """

    def __init__(self, probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> None:
        self._classes = [_Ranking(p, t) for p, t in zip(probabilities.T, labels.T, strict=True)]
        self._all = _Ranking(probabilities.ravel(), labels.ravel())
        self._present = probabilities > DEFAULT
        self._positive = labels > 0
        self._per_patch = probabilities.shape[1]

    def metrics(self, weights: NDArray[np.float64]) -> dict[str, float]:
        """The four metrics of the paper; a patch counts as often as its weight says, shape (patches,)."""
        hits = weights @ (self._present & self._positive)  # (classes,)
        total = weights @ self._present.astype(np.float64) + weights @ self._positive
        f1 = np.divide(2 * hits, total, out=np.zeros(len(hits)), where=total > 0)
        return {
            "ap_macro": float(np.mean([ranking.average_precision(weights) for ranking in self._classes])),
            "ap_micro": self._all.average_precision(np.repeat(weights, self._per_patch)),
            "f1_macro": float(f1.mean()),
            "f1_micro": float(2 * hits.sum() / total.sum()) if total.any() else 0.0,
        }


class _Ranking:
    """Decisions of one class from the highest probability to the lowest; equal ones are one step."""

    def __init__(self, probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> None:
        self._order = np.argsort(-probabilities, kind="stable")
        ranked = probabilities[self._order]
        self._step_ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
        self._positive = labels[self._order] > 0

    def average_precision(self, weights: NDArray[np.float64]) -> float:
        """Sum over the steps of gain in recall times precision; 0 without positives."""
        ranked = weights[self._order]
        positives = np.cumsum(ranked * self._positive)[self._step_ends]
        if not positives[-1]:
            return 0.0
        decisions = np.cumsum(ranked)[self._step_ends]
        gains = np.diff(positives, prepend=0.0)
        precision = np.divide(positives, decisions, out=np.zeros(len(gains)), where=decisions > 0)
        return float((gains * precision).sum() / positives[-1])
