"""`reben evaluate`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from reben.cli import options
from reben.cli.console import STDOUT, needs_extra, print_json, progress

if TYPE_CHECKING:
    from reben.learn.metrics import Scores


class Split(StrEnum):
    """Splits of the metadata tables."""

    train = "train"
    validation = "validation"
    test = "test"


def evaluate(
    checkpoint: options.Checkpoint,
    store: options.Store,
    metadata: options.Metadata,
    split: Annotated[Split, typer.Option(help="Which patches.")] = Split.test,
    json: options.Json = None,
    batch_size: options.BatchSize = 512,
    snow_and_cloud: options.SnowAndCloud = False,
    workers: options.LoadingWorkers = None,
) -> None:
    """Evaluate a trained model with the paper's metrics."""
    with needs_extra("learn"):
        from reben.learn import evaluation

    with progress("evaluating") as start:
        scores = evaluation.evaluate(
            checkpoint,
            store=store,
            metadata=metadata,
            split=split.value,
            batch_size=batch_size,
            workers=workers,
            snow_and_cloud=snow_and_cloud,
            start=start,
        )
    if json is not None:
        print_json(json, {"split": split.value, "snow_and_cloud": snow_and_cloud, **scores.as_dict()})
    if json != STDOUT:
        print_scores(scores, split.value)


def print_scores(scores: "Scores", split: str) -> None:
    """The four metrics of the paper, then the average precision of each class."""
    typer.echo(f"{split} split, {scores.patches:,} patches")
    typer.echo(f"  macro AP {scores.ap_macro:.4f}  (chance level {scores.chance_ap_macro:.4f})")
    typer.echo(f"  micro AP {scores.ap_micro:.4f}")
    typer.echo(f"  macro F1 {scores.f1_macro:.4f}")
    typer.echo(f"  micro F1 {scores.f1_micro:.4f}")
    typer.echo("  AP per class:")
    for name, value in scores.ap_per_class.items():
        note = "  (no patch has it: counts as 0)" if name in scores.classes_without_positives else ""
        typer.echo(f"    {value:.4f}  {name}{note}")
