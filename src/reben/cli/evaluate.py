"""`reben evaluate`."""

from typing import TYPE_CHECKING, Any

from reben.cli import options
from reben.cli.console import STDOUT, needs_extra, print_json, progress, say
from reben.cli.from_model import options_from, with_options_of
from reben.learn.inference.options import EvaluateOptions

if TYPE_CHECKING:
    from reben.learn.inference.evaluation import Evaluation, Scores
    from reben.learn.scores.multilabel import Scores as LabelScores
    from reben.learn.scores.segmentation import SegmentationScores


@with_options_of(EvaluateOptions)
def evaluate(
    checkpoint: options.Checkpoint,
    data: options.Data = None,
    store: options.Store = None,
    metadata: options.Metadata = None,
    json: options.Json = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Evaluate a trained model: the paper's metrics, per class, country and season, and its calibration.

    Segmentation models are measured by intersection over union, F1 and accuracy of their pixels.
    """
    chosen = options_from(EvaluateOptions, **settings)
    found = options.inputs(data, store, metadata)
    options.expect_readable(found)
    with needs_extra("learn"):
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
            details=evaluation.Details(chosen.thresholds, chosen.bootstrap, chosen.bootstrap_by),
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
            say(f"    {_main_scores(scores)}  {name} ({scores.patches:,} patches)")


def print_scores(scores: "Scores", split: str) -> None:
    """The metrics of the model's task, then of each class."""
    from reben.learn.scores.segmentation import SegmentationScores

    say(f"{split} split, {scores.patches:,} patches")
    if isinstance(scores, SegmentationScores):
        _print_segmentation(scores)
    else:
        _print_labels(scores)


def _main_scores(scores: "Scores") -> str:
    from reben.learn.scores.segmentation import SegmentationScores

    if isinstance(scores, SegmentationScores):
        return f"mean IoU {scores.mean_iou:.4f}  accuracy {scores.pixel_accuracy:.4f}"
    return f"macro AP {scores.ap_macro:.4f}  micro AP {scores.ap_micro:.4f}"


def _print_labels(scores: "LabelScores") -> None:
    say(f"  macro AP {scores.ap_macro:.4f}  (chance level {scores.chance_ap_macro:.4f})")
    say(f"  micro AP {scores.ap_micro:.4f}")
    say(f"  macro F1 {scores.f1_macro:.4f}")
    say(f"  micro F1 {scores.f1_micro:.4f}")
    say("  AP per class:")
    for name, value in scores.ap_per_class.items():
        note = "  (no patch has it: counts as 0)" if name in scores.classes_without_positives else ""
        say(f"    {value:.4f}  {name}{note}")


def _print_segmentation(scores: "SegmentationScores") -> None:
    say(f"  mean IoU       {scores.mean_iou:.4f}")
    say(f"  macro F1       {scores.f1_macro:.4f}")
    say(f"  pixel accuracy {scores.pixel_accuracy:.4f}  (= micro F1; most frequent class alone: "
               f"{scores.majority_pixel_accuracy:.4f})")  # fmt: skip
    say("  IoU per class:")
    for name, value in scores.iou_per_class.items():
        say(f"    {'   -  ' if value is None else f'{value:.4f}'}  {name}")
