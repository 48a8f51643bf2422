"""The learning task: multi-label classification with binary cross entropy, AdamW and the paper's learning rate."""

from typing import Any

import lightning
import torch
from torch import nn
from torch.nn import functional

from reben.data.dataset import Batch
from reben.learn import schedule
from reben.learn.metrics import compute, epoch_metrics
from reben.learn.recipe import Recipe


class MultiLabelTask(lightning.LightningModule):
    """What Lightning needs to know to train a classifier.

    Args:
        model: maps images (B, C, H, W) to logits (B, classes).
        recipe: how to train it.
        classes: number of classes.
    """

    def __init__(self, model: nn.Module, recipe: Recipe, classes: int) -> None:
        super().__init__()
        self.model = model
        self.recipe = recipe
        self.validation_metrics = epoch_metrics(classes)

    def training_step(self, batch: Batch, _index: int) -> torch.Tensor:
        """Mean loss of a batch."""
        loss = self._loss(self.model(batch["image"]), batch["label"])
        self.log("train/loss", loss, on_step=False, on_epoch=True, batch_size=len(batch["label"]))
        return loss

    def validation_step(self, batch: Batch, _index: int) -> None:
        """Take a batch into the metrics of the epoch."""
        logits = self.model(batch["image"])
        loss = self._loss(logits, batch["label"])
        self.log("validation/loss", loss, on_epoch=True, batch_size=len(batch["label"]), sync_dist=True)
        self.validation_metrics.update(logits.sigmoid(), batch["label"].long())

    def on_validation_epoch_end(self) -> None:
        """Metrics of the epoch."""
        self.log_dict({f"validation/{name}": value for name, value in compute(self.validation_metrics).items()})
        self.validation_metrics.reset()

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's type is a union of ten
        """AdamW, and the learning rate of every step."""
        recipe, total = self.recipe, int(self.trainer.estimated_stepping_batches)
        optimizer = torch.optim.AdamW(self.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
        rates = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: schedule.rate(step, warmup_steps=recipe.warmup_steps, total_steps=total)
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": rates, "interval": "step"}}

    @staticmethod
    def _loss(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return functional.binary_cross_entropy_with_logits(logits, labels)
