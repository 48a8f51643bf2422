"""What happens beside training: the best weights are kept, epochs are written down, random numbers begin anew."""

import csv
import io
import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback

from reben.core.errors import RunError
from reben.data.loader import BatchLoader
from reben.work import atomic


class KeepBest(Callback):
    """Saves the weights after each epoch with a better score in validation than all before.

    Args:
        metric: the score, as it is logged.
        save: writes the present weights.
    """

    def __init__(self, metric: str, save: Callable[[], None]) -> None:
        self._metric = metric
        self._save = save
        self.best_score = -1.0
        self.best_epoch = -1

    def on_validation_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002 - Lightning's signature
        """Compare and save.

        Raises:
            RunError: if the loss is not a number any more.
        """
        loss = float(trainer.callback_metrics["validation/loss"])
        if not math.isfinite(loss):
            raise RunError(
                f"the validation loss of epoch {trainer.current_epoch} is {loss}: training has diverged",
                hint="start again with a lower --learning-rate or more --warmup-steps",
            )
        score = float(trainer.callback_metrics[self._metric])
        if score > self.best_score:
            if trainer.is_global_zero:
                self._save()
            self.best_score, self.best_epoch = score, trainer.current_epoch

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints."""
        return {"best_score": self.best_score, "best_epoch": self.best_epoch}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From a checkpoint."""
        self.best_score, self.best_epoch = state_dict["best_score"], state_dict["best_epoch"]


class EpochTable(Callback):
    """Writes one row per epoch to a CSV file: learning rate, losses, metrics, seconds, the share spent on waiting.

    `seconds` are those of the whole epoch, `training_seconds` those without validation. `waiting_share` is the part of
    the training in which the next batch was not ready: 0 is a loader that keeps up, 1 a model that only waits.

    Args:
        path: the CSV file.
        metric_names: of validation.
        report: called with each row, and with `patches_per_s`: training patches per second.
    """

    def __init__(self, path: Path, metric_names: Sequence[str], report: Callable[[dict[str, float]], None]) -> None:
        names = [f"validation/{name}" for name in ("loss", *metric_names)]
        self.columns = ("epoch", "learning_rate", "train/loss", *names, "seconds", "training_seconds", "waiting_share")
        self._path = path
        self._report = report
        self._rows: list[dict[str, float]] = []
        self._start = 0.0
        self._trained_s = 0.0
        self._waited_s = 0.0

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002 - Lightning's signature
        """Start the clock."""
        self._start = time.perf_counter()
        self._waited_s = _waited_s(trainer)

    def on_validation_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002 - Lightning's signature
        """Stop the clock of training."""
        self._trained_s = time.perf_counter() - self._start

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002 - Lightning's signature
        """Add a row; the file is written anew, so that a crash cannot leave half a row."""
        known = {name: float(value) for name, value in trainer.callback_metrics.items()}
        row = {name: known[name] for name in self.columns if name in known}
        row["epoch"] = trainer.current_epoch
        row["learning_rate"] = trainer.optimizers[0].param_groups[0]["lr"]
        row["seconds"] = round(time.perf_counter() - self._start, 3)
        row["training_seconds"] = round(self._trained_s, 3)
        row["waiting_share"] = round((_waited_s(trainer) - self._waited_s) / max(self._trained_s, 1e-9), 4)
        if trainer.logger is not None:
            trainer.logger.log_metrics({"waiting_share": row["waiting_share"]}, step=trainer.global_step)
        self._rows.append(row)
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        if trainer.is_global_zero:
            atomic.write_text(self._path, text.getvalue())
            self._report(row | {"patches_per_s": _patches(trainer) / max(self._trained_s, 1e-9)})

    def state_dict(self) -> dict[str, Any]:
        """For checkpoints."""
        return {"rows": self._rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """From a checkpoint."""
        self._rows = state_dict["rows"]


def _waited_s(trainer: lightning.Trainer) -> float:
    """Seconds that training has waited for batches so far."""
    loader = trainer.train_dataloader
    return loader.waited_s if isinstance(loader, BatchLoader) else 0.0


def _patches(trainer: lightning.Trainer) -> int:
    """Training patches of an epoch, over all processes."""
    loader = trainer.train_dataloader
    return len(loader.dataset) if isinstance(loader, BatchLoader) else 0


class SeedEpochs(Callback):
    """Draws dropout masks from seed, epoch and process, so that a resumed run sees those of an undisturbed one.

    Args:
        seed: of the run.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:  # noqa: ARG002 - Lightning's signature
        """Start the epoch's random numbers."""
        source = np.random.SeedSequence([self._seed, trainer.current_epoch, trainer.global_rank])
        torch.manual_seed(int(source.generate_state(1)[0]))
