"""`reben evaluate`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from reben.cli import options
from reben.cli.console import STDOUT, needs_extra, print_json, progress, say

if TYPE_CHECKING:
    from reben.learn.inference.evaluation import Evaluation
    from reben.learn.tasks.task import Scores


class Split(StrEnum):
    """Splits of the metadata tables."""

    train = "train"
    validation = "validation"
    test = "test"


class Drawn(StrEnum):
    """Unit that is resampled for confidence intervals."""

    patch = "patch"
    tile = "tile"


def evaluate(
    checkpoint: options.Checkpoint,
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    split: Annotated[Split, typer.Option(help="Which patches.")] = Split.test,
    thresholds: Annotated[
        bool, typer.Option("--thresholds", help="Choose each class's threshold on the validation split, use it here.")
    ] = False,
    bootstrap: Annotated[
        int, typer.Option(min=0, help="Bootstrap resamples for 95 % confidence intervals; 0 computes none.")
    ] = 0,
    bootstrap_by: Annotated[
        Drawn,
        typer.Option(help="Unit to resample; tiles keep neighbours together and so give wider, honest intervals."),
    ] = Drawn.patch,
    json: options.Json = None,
    batch_size: options.BatchSize = 512,
    snow_and_cloud: options.SnowAndCloud = False,
    workers: options.LoadingWorkers = None,
) -> None:
    """Evaluate a trained model: the paper's metrics, per class, country and season, and its calibration.

    Segmentation models are measured by intersection over union, F1 and accuracy of their pixels.
    """
    found = options.inputs(data, store, metadata)
    options.expect_readable(found)
    with needs_extra("learn"):
        from reben.learn.inference import evaluation

    with progress("evaluating") as start:
        measured = evaluation.evaluate(
            checkpoint,
            store=found.store,
            metadata=list(found.metadata),
            split=split.value,
            batch_size=batch_size,
            workers=workers,
            snow_and_cloud=snow_and_cloud,
            details=evaluation.Details(thresholds, bootstrap, bootstrap_by.value),
            start=start,
        )
    if json is not None:
        print_json(json, measured.as_dict())
    if json != STDOUT:
        print_evaluation(measured)


def print_evaluation(found: "Evaluation") -> None:
    """Everything that was measured."""
    print_scores(found.scores, found.split)
    if found.intervals is not None:
        say(f"  95 % confidence, {found.intervals.resamples} resamples by {found.intervals.drawn}:")
        for name, interval in found.intervals.by_metric.items():
            say(f"    {name:<14} {interval.low:.4f} to {interval.high:.4f}")
    if found.calibration is not None:
        say(f"  expected calibration error {found.calibration.ece:.4f}")
    if found.chosen_thresholds is not None:
        chosen = found.chosen_thresholds
        say(f"  with thresholds chosen on the {chosen.chosen_on} split:")
        say(f"    macro F1 {chosen.f1_macro:.4f}, micro F1 {chosen.f1_micro:.4f}")
        for name, threshold in chosen.thresholds.items():
            say(f"    {threshold:.4f}  {name}")
    for title, groups in (("country", found.by_country), ("season", found.by_season)):
        say(f"  by {title}:")
        for name, scores in groups.items():
            say(f"    {scores.headline()}  {name} ({scores.patches:,} patches)")


def print_scores(scores: "Scores", split: str) -> None:
    """The metrics of the model's task, then of each class."""
    say(f"{split} split, {scores.patches:,} patches")
    for line in scores.lines():
        say(f"  {line}")
