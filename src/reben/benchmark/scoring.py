"""Scores of predictions on the test split, with intervals by tile, as results note them."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from reben.benchmark.results import Interval
from reben.benchmark.samples import Truth
from reben.learn.scores import multilabel
from reben.learn.scores.bootstrap import FEWEST_UNITS, bootstrap_intervals


@dataclass(frozen=True, slots=True)
class Measured:
    """Scores of one run."""

    scores: multilabel.Scores
    by_country: dict[str, float]
    """Macro average precision over the classes that a country has."""
    intervals: dict[str, Interval]
    intervals_by: str


def measure(probabilities: NDArray[np.float32], truth: Truth, names: tuple[str, ...], *, resamples: int) -> Measured:
    """Scores of predictions.

    Args:
        probabilities: shape (patches, classes).
        truth: of the same patches.
        names: of the classes.
        resamples: for intervals; 0 for none, as where there are fewer than `FEWEST_UNITS` tiles.
    """
    labels = truth.labels.astype(np.uint8)
    intervals = {}
    if resamples and len(set(truth.units())) >= FEWEST_UNITS:
        found = bootstrap_intervals(probabilities, labels, truth.units(), resamples=resamples)
        intervals = {name: Interval(low=one.low, high=one.high) for name, one in found.items()}
    return Measured(
        _score(probabilities, labels, names),
        _by_country(probabilities, truth, names),
        intervals,
        "tile" if truth.tiles is not None else "patch",
    )


def ap_macro(probabilities: NDArray[np.float32], labels: NDArray[np.bool_]) -> float:
    """Macro average precision, as the paper's metrics define it."""
    names = tuple(str(number) for number in range(labels.shape[1]))
    return _score(probabilities, labels.astype(np.uint8), names).ap_macro


def _by_country(probabilities: NDArray[np.float32], truth: Truth, names: tuple[str, ...]) -> dict[str, float]:
    countries = np.array([country or "unknown" for country in truth.countries])
    found = {}
    for country in np.unique(countries).tolist():
        rows = countries == country
        having = truth.labels[rows].any(axis=0)
        if having.any():
            scores = _score(probabilities[rows], truth.labels[rows].astype(np.uint8), names)
            found[country] = float(
                np.mean([scores.ap_per_class[name] for name, has in zip(names, having, strict=True) if has])
            )
    return found


def _score(probabilities: NDArray[np.float32], labels: NDArray[np.uint8], names: tuple[str, ...]) -> multilabel.Scores:
    return multilabel.score(torch.from_numpy(np.ascontiguousarray(probabilities)), torch.from_numpy(labels), names)
