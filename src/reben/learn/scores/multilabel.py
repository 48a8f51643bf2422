"""The paper's metrics over all classes: macro and micro average precision and F1 at a threshold of 0.5.

Source: reBEN paper, section III; defined as torchmetrics' multilabel metrics define them. A class without a positive
patch counts into the macro average precision with 0, and is named in the report.
"""

import warnings
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torchmetrics import MetricCollection
from torchmetrics.classification import MultilabelAveragePrecision, MultilabelF1Score

METRIC_NAMES = ("ap_macro", "ap_micro", "f1_macro", "f1_micro")

_NO_POSITIVE = "No positive samples found in target"


@dataclass(frozen=True, slots=True)
class Scores:
    """Metrics of one model on one set of patches, each from 0 to 1."""

    ap_macro: float
    ap_micro: float
    f1_macro: float
    f1_micro: float
    ap_per_class: dict[str, float]
    """Average precision by class name."""
    chance_ap_macro: float
    """Macro average precision that guessing would reach: the mean share of patches with each class."""
    classes_without_positives: list[str]
    """Classes that no patch has; their average precision is 0 by definition."""
    patches: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    def headline(self) -> str:
        """Return both average precisions in one line."""
        return f"macro AP {self.ap_macro:.4f}  micro AP {self.ap_micro:.4f}"

    def lines(self) -> list[str]:
        """Return all scores for people, a line each."""
        without = self.classes_without_positives
        return [
            f"macro AP {self.ap_macro:.4f}  (chance level {self.chance_ap_macro:.4f})",
            f"micro AP {self.ap_micro:.4f}",
            f"macro F1 {self.f1_macro:.4f}",
            f"micro F1 {self.f1_micro:.4f}",
            "AP per class:",
            *(
                f"  {value:.4f}  {name}{'  (no patch has it: counts as 0)' if name in without else ''}"
                for name, value in self.ap_per_class.items()
            ),
        ]


def epoch_metrics(classes: int) -> MetricCollection:
    """The four metrics, to be updated batch by batch with probabilities and labels."""
    options: dict[str, Any] = {"num_labels": classes, "validate_args": False}
    return MetricCollection(
        {
            "ap_macro": MultilabelAveragePrecision(average="macro", **options),
            "ap_micro": MultilabelAveragePrecision(average="micro", **options),
            "f1_macro": MultilabelF1Score(average="macro", **options),
            "f1_micro": MultilabelF1Score(average="micro", **options),
        }
    )


def compute(metrics: MetricCollection) -> dict[str, torch.Tensor]:
    """Values of updated metrics, without the warning about classes that no patch has."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=_NO_POSITIVE)
        values: dict[str, torch.Tensor] = metrics.compute()
    return values


def score(probabilities: torch.Tensor, labels: torch.Tensor, class_names: Sequence[str]) -> Scores:
    """All metrics of a set of patches.

    Args:
        probabilities: shape (patches, classes), 0 to 1.
        labels: shape (patches, classes), 0 or 1.
        class_names: in the order of the columns.
    """
    target = labels.long()
    metrics = epoch_metrics(len(class_names))
    metrics.add_metrics({"per_class": MultilabelAveragePrecision(len(class_names), average="none")})
    metrics.update(probabilities, target)
    values = compute(metrics)
    positives = target.sum(dim=0).tolist()
    return Scores(
        **{name: float(values[name]) for name in METRIC_NAMES},
        ap_per_class={n: abs(v) for n, v in zip(class_names, values["per_class"].tolist(), strict=True)},
        chance_ap_macro=float(target.float().mean()),
        classes_without_positives=[n for n, count in zip(class_names, positives, strict=True) if not count],
        patches=len(target),
    )
