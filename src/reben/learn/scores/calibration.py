"""How far probabilities can be believed: expected calibration error of multi-label predictions.

Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017, section 2, with equally wide bins; every class
is a binary decision of its own, as in the reliability diagrams of Niculescu-Mizil and Caruana, ICML 2005.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 15


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Decisions whose probability lies in one bin."""

    low: float
    high: float
    decisions: int
    mean_probability: float
    positive_share: float
    """How many of them were right to be called positive; equals `mean_probability` in a calibrated model."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration of one model on one set of patches."""

    ece: float
    """Expected calibration error over all decisions, 0 to 1."""
    ece_per_class: dict[str, float]
    bins: list[ReliabilityBin]
    """Those with decisions, from low to high probability."""


def calibrate(
    probabilities: NDArray[np.float32], labels: NDArray[np.uint8], class_names: Sequence[str], *, bins: int = BINS
) -> Calibration:
    """Calibration of predictions.

    Args:
        probabilities: shape (patches, classes), 0 to 1.
        labels: shape (patches, classes), 0 or 1.
        class_names: in the order of the columns.
        bins: equally wide, over 0 to 1.
    """
    found = reliability(probabilities.ravel(), labels.ravel(), bins=bins)
    return Calibration(
        ece=expected_error(found),
        ece_per_class={
            name: expected_error(reliability(p, t, bins=bins))
            for name, p, t in zip(class_names, probabilities.T, labels.T, strict=True)
        },
        bins=found,
    )


def reliability(
    probabilities: NDArray[np.float32], labels: NDArray[np.uint8], *, bins: int = BINS
) -> list[ReliabilityBin]:
    """Decisions by probability; each argument has shape (n,).

    >>> [(b.low, b.decisions, b.positive_share) for b in reliability(np.float32([0.1, 0.2, 0.9]), [0, 1, 1], bins=2)]
    [(0.0, 2, 0.5), (0.5, 1, 1.0)]
    """
    number = np.minimum((probabilities * bins).astype(np.int64), bins - 1)
    decisions = np.bincount(number, minlength=bins)
    probability = np.bincount(number, probabilities.astype(np.float64), minlength=bins)
    positives = np.bincount(number, labels, minlength=bins)
    return [
        ReliabilityBin(i / bins, (i + 1) / bins, int(n), float(probability[i] / n), float(positives[i] / n))
        for i, n in enumerate(decisions)
        if n
    ]


def expected_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean distance between probability and share of positives, weighted by decisions."""
    decisions = sum(b.decisions for b in bins)
    distance = sum(b.decisions * abs(b.mean_probability - b.positive_share) for b in bins)
    return distance / decisions if decisions else 0.0
