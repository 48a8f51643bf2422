"""Evaluate a trained model on one split: the metrics of its task, by country and season, and how sure they are."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.errors import MetadataError, NoPatchError, RunError
from reben.data.datamodule import PatchDataModule
from reben.data.groups import Names, countries_of, seasons_of, tiles_of
from reben.data.patches import Patches
from reben.io.store import StorePlace
from reben.learn.inference.options import BATCH_SIZE
from reben.learn.inference.outputs import open_data, rows_of
from reben.learn.models.trained_model import TrainedModel
from reben.learn.models.weights import load_model
from reben.learn.scores.bootstrap import Interval
from reben.learn.scores.calibration import Calibration
from reben.learn.scores.thresholds import ThresholdScores
from reben.learn.tasks.task import Measured, Scores
from reben.learn.training.hardware import is_first_process
from reben.learn.training.run_directory import RunDirectory
from reben.work import atomic
from reben.work.progress import Begin, begin_unseen


@dataclass(frozen=True, slots=True)
class Details:
    """What to measure beside the scores."""

    thresholds: bool = False
    """Choose thresholds on the validation split, and score with them, too."""
    resamples: int = 0
    """Drawings for confidence intervals; 0 for none."""
    resampled_by: str = "patch"
    """What is drawn as a whole: `patch` or `tile`."""


@dataclass(frozen=True, slots=True)
class Intervals:
    """Where metrics lie with 95 % confidence."""

    by_metric: dict[str, Interval]
    resamples: int
    resampled_by: str
    """What was drawn as a whole: `patch` or `tile`."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that was measured of a model on one split."""

    split: str
    snow_and_cloud: bool
    scores: Scores
    by_country: dict[str, Scores]
    by_season: dict[str, Scores]
    calibration: Calibration | None
    """If the task has probabilities."""
    chosen_thresholds: ThresholdScores | None
    """If asked for: F1 with the thresholds that are best on the validation split."""
    intervals: Intervals | None
    """If asked for."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON; the scores of the whole split stand at the top."""
        values = asdict(self)
        return {**values.pop("scores"), **values}


def evaluate(
    checkpoint: str | os.PathLike[str],
    *,
    store: StorePlace,
    metadata: list[Path],
    split: str,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
    snow_and_cloud: bool = False,
    patches: Path | None = None,
    details: Details = Details(),
    start: Begin = begin_unseen,
) -> Evaluation:
    """Measure the model in `checkpoint` on one split.

    Args:
        checkpoint: run directory, any folder with `config.json` and `model.safetensors`, or a name on the hub.
        store: where the pixels are.
        metadata: metadata tables.
        split: `train`, `validation` or `test`.
        batch_size: patches per batch.
        workers: loading threads; None chooses.
        snow_and_cloud: keep patches with seasonal snow, clouds or cloud shadows.
        patches: list of the patches to measure on; None for all of the split.
        details: what to measure beside the scores.
        start: called with the number of patches; returns the progress callback.

    Raises:
        RunError: if there is no model in `checkpoint`, or thresholds are asked for that its task does not have.
        MetadataError: if a table is wrong, has no row for the split, or does not fit the store; or if there is nothing
            to draw from.
        StoreError: if there is no store.
    """
    trained = load_model(checkpoint)
    if details.thresholds and not trained.task.has_thresholds:
        raise RunError(f"a {trained.task.name} model has no thresholds", hint="leave --thresholds out")
    data = open_data(
        trained,
        store=store,
        metadata=metadata,
        batch_size=batch_size,
        workers=workers,
        snow_and_cloud=snow_and_cloud,
        truth=True,
        patches=patches,
    )
    chosen_patches = data.dataset(split).patches
    units = _units(chosen_patches, details)
    measured = _measured(trained, data, chosen_patches, start)
    thresholds = intervals = None
    if details.thresholds:
        chosen = _measured(trained, data, data.dataset("validation").patches, start).best_thresholds()
        thresholds = measured.scores_with(chosen, chosen_on="validation")
    if details.resamples:
        found = measured.intervals(units, resamples=details.resamples)
        intervals = Intervals(found, details.resamples, details.resampled_by)
    return Evaluation(
        split=split,
        snow_and_cloud=data.snow_and_cloud,
        scores=measured.scores(np.ones(len(chosen_patches), np.bool_)),
        by_country=_by_group(countries_of(chosen_patches, data.metadata), measured.scores),
        by_season=_by_group(seasons_of(chosen_patches), measured.scores),
        calibration=measured.calibration(),
        chosen_thresholds=thresholds,
        intervals=intervals,
    )


def _measured(trained: TrainedModel, data: PatchDataModule, patches: Patches, start: Begin) -> Measured:
    rows = rows_of(trained, data, patches, progress=start(len(patches)))
    return trained.task.measured(rows, patches, trained.class_names)


def _units(patches: Patches, details: Details) -> list[str]:
    """What is drawn for confidence intervals, one name per patch; empty if none are asked for.

    Raises:
        MetadataError: if all patches are of one unit.
    """
    if not details.resamples:
        return []
    tiles = tiles_of(patches)
    if details.resampled_by == "tile" and tiles is None:
        raise MetadataError(
            "patches cannot be drawn by tile, because their ids do not begin with one", hint="draw patches instead"
        )
    units: list[str] = (
        tiles.tolist() if details.resampled_by == "tile" and tiles is not None else patches.ids.to_pylist()
    )
    if len(set(units)) == 1:
        raise MetadataError(
            f"all patches are of one {details.resampled_by}, {units[0]}: there is nothing to draw from",
            hint="draw patches instead" if details.resampled_by == "tile" else "leave confidence intervals out",
        )
    return units


def _by_group(names: Names | None, score_some: Callable[[NDArray[np.bool_]], Scores]) -> dict[str, Scores]:
    """Scores of the patches of each name; none where names are not known."""
    if names is None:
        return {}
    return {str(name): score_some(names == name) for name in np.unique(names)}


def evaluate_test_split(
    run: Path,
    *,
    store: StorePlace,
    metadata: list[Path],
    workers: int | None = None,
    patches: Path | None = None,
    start: Begin = begin_unseen,
) -> Scores | None:
    """Evaluate a finished run's best epoch on the test split, as its recipe says, and keep the scores as `test.json`.

    Several processes of one run all call this.

    Args:
        run: run directory.
        store: where the pixels are.
        metadata: metadata tables.
        workers: loading threads; None chooses.
        patches: list of the patches to measure on; None for all of the split.
        start: called with the number of patches; returns the progress callback.

    Returns:
        the scores, or None if the tables have no row for the test split.

    Raises:
        RebenError: if the run or the data cannot be used.
    """
    directory = RunDirectory(run)
    recipe = directory.read_recipe()
    try:
        found = evaluate(
            run,
            store=store,
            metadata=metadata,
            split="test",
            batch_size=recipe["batch_size"] // recipe.get("accumulate", 1),  # what fitted into memory in training
            workers=workers,
            snow_and_cloud=recipe["snow_and_cloud"],
            patches=patches,
            start=start,
        )
    except NoPatchError:
        return None
    if is_first_process():
        atomic.write_json(directory.test, found.as_dict())
    return found.scores
