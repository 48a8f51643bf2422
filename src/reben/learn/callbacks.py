"""What happens beside training: the best weights are kept, each epoch is written down, random numbers are restored."""

import csv
import io
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from reben.core.errors import RunError
from reben.io import atomic
from reben.learn.metrics import METRIC_NAMES

BEST = "validation/ap_macro"
"""The metric by which epochs are compared."""


class KeepBest(Callback):
    """Saves the weights after each epoch with a better validation macro AP than all before.

    Args:
        save: writes the present weights.
    """

    def __init__(self, save: Callable[[], None]) -> None:
        self._save = save
        self.best_score = -1.0
        self.best_epoch = -1

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002 - Lightning's signature
        """Compare and save.

        Raises:
            RunError: if the loss is no number any more.
        """
        loss = float(trainer.callback_metrics["validation/loss"])
        if not math.isfinite(loss):
            raise RunError(
                f"the validation loss of epoch {trainer.current_epoch} is {loss}: training has diverged",
                hint="start again with a lower --learning-rate or more --warmup-steps",
            )
        score = float(trainer.callback_metrics[BEST])
        if score > self.best_score and trainer.is_global_zero:
            self._save()
            self.best_score, self.best_epoch = score, trainer.current_epoch

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints."""
        return {"best_score": self.best_score, "best_epoch": self.best_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.best_score, self.best_epoch = state_dict["best_score"], state_dict["best_epoch"]


class EpochTable(Callback):
    """Writes one row per epoch to a CSV file: learning rate, losses, the paper's metrics, seconds.

    Args:
        path: the CSV file.
        report: is told of each row.
    """

    COLUMNS = (
        "epoch",
        "learning_rate",
        "train/loss",
        "validation/loss",
        *(f"validation/{n}" for n in METRIC_NAMES),
        "seconds",
    )

    def __init__(self, path: Path, report: Callable[[dict[str, float]], None]) -> None:
        self._path = path
        self._report = report
        self._rows: list[dict[str, float]] = []
        self._start = 0.0

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002 - Lightning's signature
        """Start the clock."""
        self._start = time.perf_counter()

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002 - Lightning's signature
        """Add a row; the file is written anew, so that a crash cannot leave half a row."""
        known = {name: float(value) for name, value in trainer.callback_metrics.items()}
        row = {name: known[name] for name in self.COLUMNS if name in known}
        row["epoch"] = trainer.current_epoch
        row["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        row["seconds"] = round(time.perf_counter() - self._start, 3)
        self._rows.append(row)
        text = io.StringIO()
        writer = csv.DictWriter(text, self.COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        if trainer.is_global_zero:
            atomic.write_text(self._path, text.getvalue())
            self._report(row)

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints."""
        return {"rows": self._rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From a checkpoint."""
        self._rows = state_dict["rows"]


class RandomState(Callback):
    """Lets a resumed run draw the dropout masks that an undisturbed one would have drawn."""

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints."""
        return {
            "cpu": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From a checkpoint."""
        torch.set_rng_state(state_dict["cpu"])
        if len(state_dict["cuda"]) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all(state_dict["cuda"])
