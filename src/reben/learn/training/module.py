"""The Lightning module: how a model of any task is trained on patches."""

from typing import Any

import lightning
import torch
from torch import nn
from torchmetrics import Metric

from reben.data.dataset import Batch
from reben.data.loader import GLOBAL_BATCH_SIZE
from reben.data.normalisation import UNSCALED, BandStatistics
from reben.learn.models.adapters import adapter_modules
from reben.learn.models.heads import head_modules
from reben.learn.models.trained_model import unscaled
from reben.learn.tasks import task_of
from reben.learn.training import schedule
from reben.learn.training.layer_decay import by_layer
from reben.learn.training.optimisers import OPTIMISERS, Parameters
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


class PatchModule(lightning.LightningModule):
    """What Lightning needs to know to train a model on patches.

    Args:
        model: maps images (B, C, H, W) to outputs (B, classes, ...).
        recipe: how to train it.
        classes: number of outputs.
        class_weights: weight of each class in the loss, shape (classes,); None for none.
        scale: mean and standard deviation by which numbers are scaled that the model is to predict.
    """

    class_weights: torch.Tensor | None

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        classes: int,
        class_weights: torch.Tensor | None = None,
        scale: BandStatistics = UNSCALED,
    ) -> None:
        super().__init__()
        self.model = model
        self.recipe = recipe
        self.scale = scale
        self.task = task_of(recipe.task)
        self.loss_function = self.task.loss(recipe.loss or self.task.losses[0])
        self.register_buffer("class_weights", class_weights, persistent=False)
        self._trained_alone = [*head_modules(model), *adapter_modules(model)] if recipe.keeps_backbone else []
        if recipe.keeps_backbone:
            model.requires_grad_(requires_grad=False)
        for module in self._trained_alone:
            module.requires_grad_(requires_grad=True)
        self.validation_metrics = self.task.epoch_metrics(classes)
        self.train_loss = MeanLoss()
        self.validation_loss = MeanLoss()

    def loss(self, outputs: torch.Tensor, batch: Batch) -> torch.Tensor:
        """Mean loss over patches."""
        target = self.task.loss_target(batch)
        if self.scale != UNSCALED:
            target = (target - self.scale.mean) / self.scale.std
        return self.loss_function(outputs, target, self.class_weights)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits, float32 whatever the model computes with."""
        order = torch.channels_last if self.recipe.channels_last else torch.contiguous_format
        logits: torch.Tensor = self.model(images.contiguous(memory_format=order))
        return logits.float()

    def on_train_epoch_start(self) -> None:
        """Keep the statistics of a frozen backbone's normalisation layers as they are."""
        if self.recipe.keeps_backbone:
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
        self.validation_metrics.update(self.task.predictions(unscaled(logits, self.scale)), self.task.truth(batch))

    def predict_step(self, batch: Batch, _index: int) -> dict[str, Any]:
        """Patch ids and predictions of a batch, for `Trainer.predict`: probabilities of labels, or class maps."""
        return {
            "patch_id": batch["patch_id"],
            "prediction": self.task.predictions(unscaled(self(batch["image"]), self.scale)),
        }

    def on_validation_epoch_end(self) -> None:
        """Metrics of the epoch, over all processes."""
        values = self.task.epoch_values(self.validation_metrics)
        self.log_dict({f"validation/{name}": value for name, value in values.items()})
        self.validation_metrics.reset()

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's type is a union of ten
        """The recipe's optimiser, and the learning rate of every step."""
        recipe, total = self.recipe, int(self.trainer.estimated_stepping_batches)
        parameters: Parameters = [parameter for parameter in self.parameters() if parameter.requires_grad]
        if recipe.layer_decay != 1:
            parameters = by_layer(self.model, recipe.learning_rate, recipe.weight_decay, recipe.layer_decay)
        optimizer = OPTIMISERS[recipe.optimizer](parameters, recipe.learning_rate, recipe.weight_decay)
        rates = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: schedule.rate(step, warmup_steps=recipe.warmup_steps, total_steps=total)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": rates, "interval": "step"}}
