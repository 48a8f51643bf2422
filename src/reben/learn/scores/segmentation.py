"""Scores of class maps, all made of one confusion matrix of pixels; unlabelled pixels do not count.

Source: IoU = TP / (TP + FP + FN) and F1 = 2 TP / (2 TP + FP + FN) per class, as in Everingham et al., The PASCAL Visual
Object Classes Challenge, IJCV 111, 2015, section 4.2 (IoU is its segmentation accuracy). Means are taken over the
classes that occur, in the truth or in the prediction; others are named in the report.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassConfusionMatrix

from reben.core.classes import UNLABELLED

METRIC_NAMES = ("mean_iou", "f1_macro", "f1_micro", "pixel_accuracy")

_MATRIX = "confusion"


@dataclass(frozen=True, slots=True)
class SegmentationScores:
    """Metrics of one model on one set of patches, each from 0 to 1."""

    mean_iou: float
    f1_macro: float
    f1_micro: float
    """Over all pixels; with one class per pixel it equals `pixel_accuracy` by definition."""
    pixel_accuracy: float
    iou_per_class: dict[str, float | None]
    """Intersection over union by class name; None for classes that do not occur."""
    majority_pixel_accuracy: float
    """Accuracy of always answering the most frequent class."""
    absent_classes: list[str]
    """Classes of which no pixel is, or is predicted."""
    confusion: list[list[int]]
    """Pixels by true class (row) and predicted class (column)."""
    patches: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def headline(self) -> str:
        """Return mean IoU and accuracy in one line."""
        return f"mean IoU {self.mean_iou:.4f}  accuracy {self.pixel_accuracy:.4f}"

    def lines(self) -> list[str]:
        """Return all scores for people, a line each."""
        baseline = f"most frequent class alone: {self.majority_pixel_accuracy:.4f}"
        return [
            f"mean IoU       {self.mean_iou:.4f}",
            f"macro F1       {self.f1_macro:.4f}",
            f"pixel accuracy {self.pixel_accuracy:.4f}  (= micro F1; {baseline})",
            "IoU per class:",
            *(
                f"  {'   -  ' if value is None else f'{value:.4f}'}  {name}"
                for name, value in self.iou_per_class.items()
            ),
        ]


def epoch_metrics(classes: int) -> MetricCollection:
    """Metrics to be updated batch by batch with logits (B, classes, H, W) and class maps (B, H, W)."""
    matrix = MulticlassConfusionMatrix(classes, ignore_index=UNLABELLED, validate_args=False)
    return MetricCollection({_MATRIX: matrix})


def compute(metrics: MetricCollection) -> dict[str, torch.Tensor]:
    """Values of updated metrics."""
    values = summarise(matrix_of(metrics))
    return {name: torch.tensor(values[name]) for name in METRIC_NAMES}


def matrix_of(metrics: MetricCollection) -> NDArray[np.int64]:
    """Confusion matrix of updated metrics, shape (classes, classes), truth by rows."""
    matrix: NDArray[np.int64] = metrics.compute()[_MATRIX].cpu().numpy()
    return matrix


def score(confusion: NDArray[np.int64], class_names: Sequence[str], *, patches: int) -> SegmentationScores:
    """All metrics of a confusion matrix.

    Args:
        confusion: shape (classes, classes), pixels by true class (row) and predicted class (column).
        class_names: in the order of the classes.
        patches: that it was made of.
    """
    iou = iou_per_class(confusion)
    return SegmentationScores(
        **summarise(confusion),
        iou_per_class={n: None if np.isnan(v) else float(v) for n, v in zip(class_names, iou, strict=True)},
        majority_pixel_accuracy=_ratio(confusion.sum(axis=1).max(), confusion.sum()),
        absent_classes=[n for n, v in zip(class_names, iou, strict=True) if np.isnan(v)],
        confusion=confusion.tolist(),
        patches=patches,
    )


def summarise(confusion: NDArray[np.int64]) -> dict[str, float]:
    """The four metrics by name; 0 where there is no pixel."""
    hits, union = _hits_and_union(confusion)
    occur = union > 0
    iou, f1 = hits[occur] / union[occur], 2 * hits[occur] / (hits[occur] + union[occur])
    accuracy = _ratio(hits.sum(), confusion.sum())
    return {
        "mean_iou": float(iou.mean()) if occur.any() else 0.0,
        "f1_macro": float(f1.mean()) if occur.any() else 0.0,
        "f1_micro": accuracy,
        "pixel_accuracy": accuracy,
    }


def iou_per_class(confusion: NDArray[np.int64]) -> NDArray[np.float64]:
    """Intersection over union, shape (classes,); NaN for classes that do not occur."""
    hits, union = _hits_and_union(confusion)
    iou: NDArray[np.float64] = np.divide(hits, union, out=np.full(len(hits), np.nan), where=union > 0)
    return iou


def _hits_and_union(confusion: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """True positives, and true positives + false positives + false negatives, each of shape (classes,)."""
    hits = np.diag(confusion)
    return hits, confusion.sum(axis=0) + confusion.sum(axis=1) - hits


def _ratio(part: np.int64, whole: np.int64) -> float:
    return float(part / whole) if whole else 0.0
