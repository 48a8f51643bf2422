"""What a run directory says of its model, without what is nobody else's business.

Paths of the machine on which a run was trained stay there: settings that are paths, command lines.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reben.core.errors import RunError
from reben.io.small_files import read_json
from reben.learn.models.trained_model import TrainedModel
from reben.learn.models.weights import load_model
from reben.learn.training.run_directory import RunDirectory

_FILE_HINT = "the file may be damaged; restore it from a copy, or train again"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A finished run."""

    trained: TrainedModel
    """Its best model; that it could be loaded is part of the check."""
    recipe: dict[str, Any]
    """Settings, without paths."""
    result: dict[str, Any]
    """Best epoch, its validation score, number of epochs."""
    test: dict[str, Any] | None
    """Scores on the test split; None if it was not tested."""
    environment: dict[str, Any]
    """Versions and GPUs of the process that finished it, and when that was started."""


def read_facts(path: Path) -> RunFacts:
    """Facts of the run in `path`.

    Raises:
        RunError: if there is no run, it is not finished, a file of it is damaged, or it tunes a backbone.
    """
    run = RunDirectory(path)
    if not run.recipe.is_file():
        raise RunError(f"{path} holds no run: recipe.json is missing", hint="give the --output of `reben train`")
    if not run.result.is_file():
        raise RunError(
            f"{path}: the run is not finished", hint="finish it with `reben train --resume`, or with `reben experiment`"
        )
    recipe, trained = _read(run.recipe, dict), load_model(path)
    if trained.architecture.backbone:
        raise RunError(
            f"{path}: tunes the backbone {trained.architecture.backbone}, whose inputs the model card cannot tell",
            hint="publish models of --model; `reben export` writes this one as ONNX",
        )
    return RunFacts(
        trained=trained,
        recipe={name: value for name, value in recipe.items() if not _has_path(value)},
        result=_read(run.result, dict),
        test=_read_test(run.test),
        environment=_environment(run.environment),
    )


def _read_test(path: Path) -> dict[str, Any] | None:
    """Scores on the test split.

    Raises:
        RunError: if they are of another split, or no scores.
    """
    if not path.is_file():
        return None
    scores: dict[str, Any] = _read(path, dict)
    if scores.get("split", "test") != "test" or not isinstance(scores.get("patches"), int):
        raise RunError(
            f"{path}: holds no scores of the test split",
            hint="write it with `reben evaluate --split test --json`, or remove it",
        )
    return scores


def _environment(path: Path) -> dict[str, Any]:
    starts = _read(path, list) if path.is_file() else []
    last = starts[-1] if starts and isinstance(starts[-1], dict) else {}
    return {name: last[name] for name in ("reben", "python", "packages", "gpus", "started") if name in last}


def _read(path: Path, kind: type) -> Any:  # noqa: ANN401 - JSON
    """A JSON file.

    Raises:
        RunError: if it is none, or holds another kind of value.
    """
    value = read_json(path, error=RunError, hint=_FILE_HINT)
    if not isinstance(value, kind):
        raise RunError(f"{path}: holds {type(value).__name__}; expected {kind.__name__}", hint=_FILE_HINT)
    return value


def _has_path(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_has_path, value))
    return isinstance(value, str) and Path(value).is_absolute()
