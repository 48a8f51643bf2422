"""`reben evaluate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reben.cli import options
from reben.cli.console import STDOUT, needs_extra, print_json, progress, say
from reben.cli.from_model import options_from, with_options_of
from reben.learn.inference.options import EvaluateOptions

if TYPE_CHECKING:
    from reben.learn.inference.evaluation import Evaluation
    from reben.learn.tasks.task import Scores


@with_options_of(EvaluateOptions)
def evaluate(
    checkpoint: options.Checkpoint,
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    json: options.Json = None,
    result: Annotated[
        Path | None,
        typer.Option(
            callback=options.writable,
            help="Also test it for `reben leaderboard`: result file to write, with predictions beside it (.json).",
            show_default=False,
        ),
    ] = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Evaluate a trained model: the paper's metrics, per class, country and season, and its calibration.

    Segmentation models are measured by intersection over union, F1 and accuracy of their pixels.
    """
    chosen = options_from(EvaluateOptions, **settings)
    options.expect_ending(result, (".json",), "--result")
    found = options.inputs(data, store, metadata)
    options.expect_readable(found)
    with needs_extra("learn"):
        from reben.benchmark.evaluated import write_evaluation
        from reben.learn.inference import evaluation

    with progress("evaluating") as start:
        measured = evaluation.evaluate(
            checkpoint,
            store=found.store,
            metadata=list(found.metadata),
            split=chosen.split,
            batch_size=chosen.batch_size,
            workers=chosen.workers,
            snow_and_cloud=chosen.snow_and_cloud,
            patches=chosen.patches,
            details=evaluation.Details(chosen.thresholds, chosen.bootstrap, chosen.bootstrap_by),
            start=start,
        )
    if result is not None:
        write_evaluation(
            checkpoint,
            store=found.store,
            metadata=list(found.metadata),
            output=result,
            batch_size=chosen.batch_size,
            workers=chosen.workers,
            snow_and_cloud=chosen.snow_and_cloud,
        )
    if json is not None:
        print_json(json, measured.as_dict())
    if json != STDOUT:
        print_evaluation(measured)


def print_evaluation(found: "Evaluation") -> None:
    """Everything that was measured."""
    print_scores(found.scores, found.split)
    if found.intervals is not None:
        say(f"  95 % confidence, {found.intervals.resamples} resamples by {found.intervals.resampled_by}:")
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
