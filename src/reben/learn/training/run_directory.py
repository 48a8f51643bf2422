"""Run directories: all that is needed to know what a run did, to resume it and to use its model.

config.json, model.safetensors   the best model, in the layout of the published weights
recipe.json                      how it was trained, and on what
environment.json                 versions, machine, command line of each start
metrics.csv, tensorboard/        each epoch
checkpoints/last.safetensors     where to resume; removed when the run is finished
result.json                      best epoch and its score; there when the run is finished
test.json                        its scores on the test split; there when it was tested
"""

import importlib.metadata
import platform
import shutil
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from reben.core.errors import RunError
from reben.io.small_files import read_json
from reben.learn.training.recipe import Recipe
from reben.version import __version__
from reben.work import atomic

_PACKAGES = ("torch", "lightning", "timm", "torchmetrics", "numpy", "lmdb", "safetensors", "pyarrow")


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Paths of a run."""

    path: Path

    @property
    def recipe(self) -> Path:
        """How the run was trained, and on what."""
        return self.path / "recipe.json"

    @property
    def environment(self) -> Path:
        """Versions, machine, command line of each process that worked on the run."""
        return self.path / "environment.json"

    @property
    def metrics(self) -> Path:
        """One row per epoch."""
        return self.path / "metrics.csv"

    @property
    def result(self) -> Path:
        """Best epoch and its score."""
        return self.path / "result.json"

    @property
    def test(self) -> Path:
        """Scores on the test split; there when the run was tested."""
        return self.path / "test.json"

    @property
    def lacks_test(self) -> bool:
        """Whether the run is finished, but was not tested."""
        return self.result.exists() and not self.test.exists()

    @property
    def checkpoint(self) -> Path:
        """State after the last finished epoch."""
        return self.path / "checkpoints" / "last.safetensors"

    def read_recipe(self) -> dict[str, Any]:
        """Settings of the run.

        Raises:
            RunError: if there are none, or they cannot be read.
        """
        return _read_object(self.recipe, hint="give the --output directory of `reben train`")

    def read_result(self) -> dict[str, Any]:
        """What `finish` wrote.

        Raises:
            RunError: if it cannot be read.
        """
        return _read_object(self.result, hint="train again")

    def read_test(self) -> dict[str, Any]:
        """Scores on the test split.

        Raises:
            RunError: if they cannot be read.
        """
        return _read_object(self.test, hint="remove it, and make it anew by `reben train --resume`")

    def start(self, settings: dict[str, Any]) -> None:
        """Begin a new run.

        Raises:
            RunError: if there is a run already.
            TargetExistsError: if there is anything else.
        """
        if self.recipe.exists():
            state = "finished" if self.result.exists() else "unfinished"
            hint = (
                "choose another directory"
                if self.result.exists()
                else "give --resume to resume it, or another directory"
            )
            raise RunError(f"{self.path} holds a run already, which is {state}", hint=hint)
        atomic.remove_remains(self.path)  # of a run that was killed while it wrote its first file
        atomic.expect_free(self.path)
        atomic.write_json(self.recipe, settings)
        atomic.write_json(self.environment, [environment()])

    def finish(self, *, best_epoch: int, metric: str, best_score: float, epochs: int) -> None:
        """Write the result and remove what was there to resume from."""
        result = {"best_epoch": best_epoch, "metric": metric, "best_score": best_score, "epochs": epochs}
        atomic.write_json(self.result, result)
        self.remove_remains()

    def remove_remains(self) -> None:
        """Remove what only an unfinished run needs, and what killed processes left of a finished one."""
        shutil.rmtree(self.checkpoint.parent, ignore_errors=True)
        atomic.remove_remains(self.path)
        atomic.remove_attempts(self.path)

    def note_resumption(self) -> None:
        """Add this process to those that worked on the run."""
        before = read_json(self.environment, error=RunError) if self.environment.exists() else []
        atomic.write_json(self.environment, [*(before if isinstance(before, list) else ()), environment()])

    def expect_resumable(self, settings: dict[str, Any]) -> None:
        """Check that a run can be resumed with the same settings.

        Raises:
            RunError: if there is none, or it was started with other settings.
        """
        if not self.recipe.exists():
            raise RunError(f"{self.path} holds no run to resume", hint="leave --resume out to start one")
        self.expect_settings(settings)

    def expect_settings(self, settings: dict[str, Any]) -> None:
        """Check that the run was started with these settings.

        Raises:
            RunError: if it was started with others.
        """
        defaults = {name: field.default for name, field in Recipe.model_fields.items()}
        before = defaults | self.read_recipe()  # a run of an older reben lacks the settings that are new
        changed = [name for name in settings.keys() | before.keys() if settings.get(name) != before.get(name)]
        if changed:
            changes = ", ".join(
                f"{name} was {before.get(name)!r}, is {settings.get(name)!r}" for name in sorted(changed)
            )
            raise RunError(f"{self.path}: was started with other settings: {changes}", hint="resume with the same ones")


def _read_object(path: Path, *, hint: str) -> dict[str, Any]:
    """Names and values of a JSON file.

    Raises:
        RunError: if it cannot be read, or holds something else.
    """
    values = read_json(path, error=RunError, hint=hint)
    if not isinstance(values, dict):
        raise RunError(f"{path}: holds {type(values).__name__}; expected names with values", hint=hint)
    return values


def environment() -> dict[str, Any]:
    """Versions, machine and command line of this process."""
    return {
        "reben": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "command": sys.argv,
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
    }
