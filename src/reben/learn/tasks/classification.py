"""Multi-label classification: the labels of whole patches, by binary cross entropy and the paper's metrics."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reben.learn.tasks.patch_task import PatchTask
from reben.learn.tasks.task import Loss, Measured, MetricName, Output, Wording, clipped_weights

if TYPE_CHECKING:
    import torch
    from torchmetrics import MetricCollection

    from reben.data.dataset import Batch
    from reben.data.patches import Patches
    from reben.learn.scores.bootstrap import Interval
    from reben.learn.scores.calibration import Calibration
    from reben.learn.scores.multilabel import Scores
    from reben.learn.scores.thresholds import ThresholdScores


class _Classification(PatchTask):
    name = "classification"
    summary = "labels of whole patches"
    output = Output.labels
    losses = ("bce", "focal", "asymmetric")
    unweighted_losses = frozenset({"asymmetric"})
    metrics = {
        "ap_macro": MetricName("macro AP", "macro average precision", "average_precision"),
        "ap_micro": MetricName("micro AP", "micro average precision", "average_precision"),
        "f1_macro": MetricName("macro F1", "macro F1", "f1"),
        "f1_micro": MetricName("micro F1", "micro F1", "f1"),
    }
    best_metric = "ap_macro"
    has_thresholds = True
    wording = Wording(
        pipeline_tag="image-classification",
        task="multi-label scene classification",
        tag="multi-label-classification",
        sentence="Multi-label classification of Sentinel patches",
        output="Logits; their sigmoid is the probability of each class.",
        per_class="ap_per_class",
        class_score="test average precision",
        baseline=("chance_ap_macro", "macro average precision by chance"),
        use="model.probable(images[0])  # labels of one image with their probabilities",
        metrics_note="; F1 at a threshold of 0.5",
    )

    def loss(self, name: str) -> Loss:
        from reben.learn.tasks import losses

        known = (losses.binary_cross_entropy, losses.binary_focal, losses.asymmetric)
        return dict(zip(self.losses, known, strict=True))[name]

    def balanced_weights(self, labels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return patches without the class for each patch with it: the `pos_weight` of binary cross entropy."""
        present = labels.sum(axis=0, dtype=np.int64)
        return clipped_weights(len(labels) - present, present)

    def truth(self, batch: "Batch") -> "torch.Tensor":
        """Return multi-hot labels, shape (B, classes)."""
        labels: torch.Tensor = batch["label"]
        return labels

    def loss_target(self, batch: "Batch") -> "torch.Tensor":
        return self.truth(batch).float()

    def predictions(self, outputs: "torch.Tensor") -> "torch.Tensor":
        """Return probabilities, shape (B, classes)."""
        return outputs.sigmoid()

    def epoch_metrics(self, outputs: int) -> "MetricCollection":
        from reben.learn.scores import multilabel

        return multilabel.epoch_metrics(outputs)

    def epoch_values(self, metrics: "MetricCollection") -> "dict[str, torch.Tensor]":
        from reben.learn.scores import multilabel

        return multilabel.compute(metrics)

    def rows(self, batch: "Batch", outputs: "torch.Tensor") -> "torch.Tensor":
        """Return logits, shape (B, classes)."""
        return outputs.cpu()

    def measured(self, rows: "torch.Tensor", patches: "Patches", class_names: Sequence[str]) -> Measured:
        return _MeasuredLabels(rows.sigmoid().numpy(), patches.labels, class_names)


CLASSIFICATION = _Classification()


class _MeasuredLabels(Measured):
    def __init__(
        self, probabilities: NDArray[np.float32], labels: NDArray[np.uint8], class_names: Sequence[str]
    ) -> None:
        self._probabilities, self._labels, self._names = probabilities, labels, class_names

    def scores(self, chosen: NDArray[np.bool_]) -> "Scores":
        import torch

        from reben.learn.scores import multilabel

        probabilities, labels = torch.from_numpy(self._probabilities[chosen]), torch.from_numpy(self._labels[chosen])
        return multilabel.score(probabilities, labels, self._names)

    def intervals(self, units: Sequence[str], *, resamples: int) -> "dict[str, Interval]":
        from reben.learn.scores.bootstrap import bootstrap_intervals

        return bootstrap_intervals(self._probabilities, self._labels, units, resamples=resamples)

    def calibration(self) -> "Calibration":
        from reben.learn.scores.calibration import calibrate

        return calibrate(self._probabilities, self._labels, self._names)

    def best_thresholds(self) -> dict[str, float]:
        from reben.learn.scores.thresholds import choose_thresholds

        best = choose_thresholds(self._probabilities, self._labels)
        return dict(zip(self._names, best.tolist(), strict=True))

    def scores_with(self, thresholds: Mapping[str, float], *, chosen_on: str) -> "ThresholdScores":
        from reben.learn.scores.thresholds import score_with

        return score_with(self._probabilities, self._labels, dict(thresholds), chosen_on=chosen_on)
