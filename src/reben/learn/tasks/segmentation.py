"""Segmentation: a class for each pixel by a U-Net; unlabelled pixels teach nothing and are not scored."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reben.learn.tasks.task import Loss, Measured, MetricName, Output, Task, Wording, clipped_weights

if TYPE_CHECKING:
    import torch
    from torch import nn
    from torchmetrics import MetricCollection

    from reben.data.dataset import Batch
    from reben.data.patches import Patches
    from reben.learn.scores.bootstrap import Interval
    from reben.learn.scores.segmentation import SegmentationScores


class _Segmentation(Task):
    name = "segmentation"
    summary = "a class per pixel by a U-Net"
    output = Output.maps
    losses = ("cross_entropy", "focal", "dice")
    unweighted_losses = frozenset({"dice"})
    metrics = {
        "mean_iou": MetricName("mean IoU", "mean intersection over union", "mean_iou"),
        "f1_macro": MetricName("macro F1", "macro F1", "f1"),
        "f1_micro": MetricName("micro F1", "micro F1", "f1"),
        "pixel_accuracy": MetricName("pixel accuracy", "pixel accuracy", "accuracy"),
    }
    best_metric = "mean_iou"
    wording = Wording(
        pipeline_tag="image-segmentation",
        task="land-cover segmentation",
        tag="semantic-segmentation",
        sentence="Segmentation, a class for each pixel, of Sentinel patches",
        output="Logits of every pixel; the largest is its class.",
        per_class="iou_per_class",
        class_score="test intersection over union",
        baseline=("majority_pixel_accuracy", "pixel accuracy of the most frequent class alone"),
        use="logits.argmax(dim=1)  # class of every pixel, shape (B, H, W)",
    )

    def output_shape(self, outputs: int, image_size: int) -> tuple[int, ...]:
        return (1, outputs, image_size, image_size)

    def builders(
        self, timm_name: str, *, channels: int, outputs: int, image_size: int, weights: Mapping[str, Any]
    ) -> "list[Callable[..., nn.Module]]":
        from reben.learn.tasks.unet import build_unet

        options = {"channels": channels, "classes": outputs, "image_size": image_size, **weights}
        return [partial(build_unet, timm_name, **options)]

    def loss(self, name: str) -> Loss:
        from reben.learn.tasks import losses

        known = (losses.cross_entropy, losses.pixel_focal, losses.dice)
        return dict(zip(self.losses, known, strict=True))[name]

    def balanced_weights(self, labels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the mean number of patches that have a class, divided by that of this one; pixels are not counted."""
        present = labels.sum(axis=0, dtype=np.int64)
        return clipped_weights(np.full(len(present), present.mean()), present)

    def truth(self, batch: "Batch") -> "torch.Tensor":
        """Return class maps, shape (B, H, W)."""
        mask: torch.Tensor = batch["mask"]
        return mask

    def predictions(self, outputs: "torch.Tensor") -> "torch.Tensor":
        """Return class maps, shape (B, H, W)."""
        return outputs.argmax(dim=1)

    def epoch_metrics(self, outputs: int) -> "MetricCollection":
        from reben.learn.scores import segmentation

        return segmentation.epoch_metrics(outputs)

    def epoch_values(self, metrics: "MetricCollection") -> "dict[str, torch.Tensor]":
        from reben.learn.scores import segmentation

        return segmentation.compute(metrics)

    def rows(self, batch: "Batch", outputs: "torch.Tensor") -> "torch.Tensor":
        """Return confusion matrices, int32, shape (B, classes, classes), truth by rows."""
        return confusion_of_patches(self.truth(batch), self.predictions(outputs), outputs.shape[1])

    def measured(self, rows: "torch.Tensor", patches: "Patches", class_names: Sequence[str]) -> Measured:
        return _MeasuredMaps(rows.numpy(), class_names)


SEGMENTATION = _Segmentation()


class _MeasuredMaps(Measured):
    def __init__(self, confusions: NDArray[np.int32], class_names: Sequence[str]) -> None:
        self._confusions, self._names = confusions, class_names

    def scores(self, chosen: NDArray[np.bool_]) -> "SegmentationScores":
        from reben.learn.scores import segmentation

        confusion = self._confusions[chosen].sum(axis=0, dtype=np.int64)
        return segmentation.score(confusion, self._names, patches=int(chosen.sum()))

    def intervals(self, units: Sequence[str], *, resamples: int) -> "dict[str, Interval]":
        from reben.learn.scores.bootstrap import bootstrap_confusions

        return bootstrap_confusions(self._confusions, units, resamples=resamples)


def confusion_of_patches(truth: "torch.Tensor", predicted: "torch.Tensor", classes: int) -> "torch.Tensor":
    """Return pixels by true and predicted class of each patch, int32, shape (B, classes, classes), on the CPU.

    Args:
        truth: class maps, shape (B, H, W); negative where unlabelled.
        predicted: class maps, shape (B, H, W).
        classes: their number.
    """
    import torch

    patch = torch.arange(len(truth), device=truth.device).view(-1, 1, 1)
    cell = (patch * classes + truth) * classes + predicted
    counts = torch.bincount(cell[truth >= 0], minlength=len(truth) * classes**2)
    return counts.view(len(truth), classes, classes).int().cpu()
