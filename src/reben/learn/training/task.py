"""The learning tasks: labels of whole patches, and a class for each pixel."""

from typing import Any, ClassVar

import lightning
import torch
from torch import nn
from torchmetrics import Metric, MetricCollection

from reben.data.dataset import Batch
from reben.data.loader import GLOBAL_BATCH_SIZE
from reben.learn.models.initial_weights import head_modules
from reben.learn.scores import multilabel, segmentation
from reben.learn.training import schedule
from reben.learn.training.losses import loss_of
from reben.learn.training.optimisers import OPTIMISERS
from reben.learn.training.recipe import Recipe


class MeanLoss(Metric):
    """Mean loss over the patches of an epoch and of all processes; NaN stays NaN, it is how divergence is noticed.

    Lightning's own means over processes round the number of patches; torchmetrics' MeanMetric either drops NaN or, with
    `nan_strategy="disable"`, the weights.
    """

    total: torch.Tensor
    patches: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("patches", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, loss: torch.Tensor, patches: int) -> None:
        """Take the mean loss of some patches."""
        self.total += loss.detach().double() * patches
        self.patches += patches

    def compute(self) -> torch.Tensor:
        """Mean over all patches so far."""
        return (self.total / self.patches).float()


class PatchTask(lightning.LightningModule):
    """What Lightning needs to know to train a model on patches.

    Args:
        model: maps images (B, C, H, W) to logits (B, classes, ...).
        recipe: how to train it.
        metrics: of an epoch of validation.
        class_weights: weight of each class in the loss, shape (classes,); None for none.
    """

    class_weights: torch.Tensor | None

    metric_names: ClassVar[tuple[str, ...]]
    """Of validation."""
    best_metric: ClassVar[str]
    """By which epochs are compared; more is better."""

    def __init__(
        self, model: nn.Module, recipe: Recipe, metrics: MetricCollection, class_weights: torch.Tensor | None
    ) -> None:
        super().__init__()
        self.model = model
        self.recipe = recipe
        self.loss_function = loss_of(recipe.task, recipe.loss)
        self.register_buffer("class_weights", class_weights, persistent=False)
        self._trained_alone = head_modules(model) if recipe.freeze else []
        if recipe.freeze:
            model.requires_grad_(requires_grad=False)
        for module in self._trained_alone:
            module.requires_grad_(requires_grad=True)
        self.validation_metrics = metrics
        self.train_loss = MeanLoss()
        self.validation_loss = MeanLoss()

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Mean loss over patches."""
        raise NotImplementedError

    def target(self, batch: Batch) -> torch.Tensor:
        """What the metrics compare with."""
        raise NotImplementedError

    def predictions(self, logits: torch.Tensor) -> torch.Tensor:
        """What the metrics compare."""
        raise NotImplementedError

    def metrics(self) -> dict[str, torch.Tensor]:
        """Values of the epoch."""
        raise NotImplementedError

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits, float32 whatever the model computes with."""
        order = torch.channels_last if self.recipe.channels_last else torch.contiguous_format
        logits: torch.Tensor = self.model(images.contiguous(memory_format=order))
        return logits.float()

    def on_train_epoch_start(self) -> None:
        """Keep the statistics of a frozen backbone's normalisation layers as they are."""
        if self.recipe.freeze:
            self.model.eval()
        for module in self._trained_alone:
            module.train()

    def training_step(self, batch: Batch, _index: int) -> torch.Tensor:
        """The part's share of the batch's mean loss.

        Lightning divides the sum over parts and processes by their number; with this weight that gives the mean over
        the patches of the whole batch, however unequal its parts are.
        """
        loss, patches = self.loss(self(batch["image"]), batch), len(batch["image"])
        self.train_loss.update(loss, patches)
        self.log("train/loss", self.train_loss, on_step=False, on_epoch=True)
        weight = patches * self.recipe.accumulate * self.trainer.world_size / int(batch[GLOBAL_BATCH_SIZE])
        return loss * weight

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Take a batch into the metrics of the epoch."""
        logits = self(batch["image"])
        self.validation_loss.update(self.loss(logits, batch), len(batch["image"]))
        self.log("validation/loss", self.validation_loss, on_epoch=True)
        self.validation_metrics.update(self.predictions(logits), self.target(batch))

    def predict_step(self, batch: Batch, _index: int) -> dict[str, Any]:
        """Patch ids and predictions of a batch, for `Trainer.predict`: probabilities of labels, or class maps."""
        return {"patch_id": batch["patch_id"], "prediction": self.predictions(self(batch["image"]))}

    def on_validation_epoch_end(self) -> None:
        """Metrics of the epoch, over all processes."""
        self.log_dict({f"validation/{name}": value for name, value in self.metrics().items()})
        self.validation_metrics.reset()

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's type is a union of ten
        """The recipe's optimiser, and the learning rate of every step."""
        recipe, total = self.recipe, int(self.trainer.estimated_stepping_batches)
        parameters = [parameter for parameter in self.parameters() if parameter.requires_grad]
        optimizer = OPTIMISERS[recipe.optimizer](parameters, recipe.learning_rate, recipe.weight_decay)
        rates = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: schedule.rate(step, warmup_steps=recipe.warmup_steps, total_steps=total)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": rates, "interval": "step"}}


class MultiLabelTask(PatchTask):
    """Labels of whole patches: binary cross entropy, the paper's metrics."""

    metric_names = multilabel.METRIC_NAMES
    best_metric = "ap_macro"

    def __init__(
        self, model: nn.Module, recipe: Recipe, classes: int, class_weights: torch.Tensor | None = None
    ) -> None:
        super().__init__(model, recipe, multilabel.epoch_metrics(classes), class_weights)

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Mean over patches and classes."""
        return self.loss_function(logits, batch["label"].float(), self.class_weights)

    def target(self, batch: Batch) -> torch.Tensor:
        """Multi-hot labels, shape (B, classes)."""
        labels: torch.Tensor = batch["label"]
        return labels

    def predictions(self, logits: torch.Tensor) -> torch.Tensor:
        """Probabilities, shape (B, classes)."""
        return logits.sigmoid()

    def metrics(self) -> dict[str, torch.Tensor]:
        """The paper's four."""
        return multilabel.compute(self.validation_metrics)


class SegmentationTask(PatchTask):
    """A class for each pixel: cross entropy; unlabelled pixels teach nothing and are not scored."""

    metric_names = segmentation.METRIC_NAMES
    best_metric = "mean_iou"

    def __init__(
        self, model: nn.Module, recipe: Recipe, classes: int, class_weights: torch.Tensor | None = None
    ) -> None:
        super().__init__(model, recipe, segmentation.epoch_metrics(classes), class_weights)

    def loss(self, logits: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Mean over patches; each weighs by its labelled pixels."""
        return self.loss_function(logits, batch["mask"], self.class_weights)

    def target(self, batch: Batch) -> torch.Tensor:
        """Class maps, shape (B, H, W)."""
        mask: torch.Tensor = batch["mask"]
        return mask

    def predictions(self, logits: torch.Tensor) -> torch.Tensor:
        """Class maps, shape (B, H, W)."""
        return logits.argmax(dim=1)

    def metrics(self) -> dict[str, torch.Tensor]:
        """Mean IoU, F1, accuracy."""
        return segmentation.compute(self.validation_metrics)


TASKS: dict[str, type[MultiLabelTask | SegmentationTask]] = {
    "classification": MultiLabelTask,
    "segmentation": SegmentationTask,
}
"""By the recipe's `task`."""
