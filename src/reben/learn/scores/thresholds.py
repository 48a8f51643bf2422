"""From which probability on a class is called present: the threshold with the best F1, class by class.

Choose thresholds on the validation split and use them on the test split; on the split where they were chosen, scores
are too good. Source: Lipton et al., Optimal Thresholding of Classifiers to Maximize F1 Measure, ECML PKDD 2014.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

DEFAULT = 0.5
"""The paper's threshold; also that of classes without a positive patch, about which nothing can be learnt."""


@dataclass(frozen=True, slots=True)
class ThresholdScores:
    """F1 with chosen thresholds."""

    f1_macro: float
    f1_micro: float
    thresholds: dict[str, float]
    """By class name."""
    chosen_on: str
    """Split on which they were chosen."""


def choose_thresholds(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The threshold of each class with the best F1, shape (classes,).

    A class is present where its probability is at least the threshold. Thresholds lie halfway between neighbouring
    probabilities, so that they do not depend on rounding.

    Args:
        probabilities: shape (patches, classes), 0 to 1.
        labels: shape (patches, classes), 0 or 1.
    """
    return np.array([_choose(p, t) for p, t in zip(probabilities.T, labels.T, strict=True)])


def _choose(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    if not labels.any():
        return DEFAULT
    precision, recall, thresholds = precision_recall_curve(labels, probabilities)
    total = np.maximum(precision + recall, np.finfo(float).tiny)
    best = int(np.argmax((2 * precision * recall / total)[:-1]))
    below = thresholds[best - 1] if best else 0.0
    return float((float(thresholds[best]) + float(below)) / 2)


def score_with(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.uint8],
    thresholds: Mapping[str, float],
    *,
    chosen_on: str,
) -> ThresholdScores:
    """F1 over the classes of `thresholds`, which are in the order of the columns; 0 where it has no meaning."""
    present = probabilities >= np.array(list(thresholds.values()))
    hits = (present & (labels > 0)).sum(axis=0)
    total = present.sum(axis=0) + labels.sum(axis=0, dtype=np.int64)
    per_class = np.divide(2 * hits, total, out=np.zeros(len(hits)), where=total > 0)
    f1_micro = float(2 * hits.sum() / total.sum()) if total.any() else 0.0
    return ThresholdScores(float(per_class.mean()), f1_micro, dict(thresholds), chosen_on)
