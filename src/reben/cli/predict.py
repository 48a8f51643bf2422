"""`reben predict`."""

from typing import TYPE_CHECKING, Annotated

import typer

from reben.cli import options
from reben.cli.console import STDOUT, needs_extra, print_json, progress

if TYPE_CHECKING:
    from reben.learn.prediction import Predictions

_THRESHOLD = 0.5  # of the paper's F1


def predict(
    checkpoint: options.Checkpoint,
    store: options.Store,
    metadata: options.Metadata,
    patch_ids: Annotated[
        list[str] | None, typer.Argument(metavar="[PATCH_ID]...", help="Which patches; by default all in the tables.")
    ] = None,
    json: options.Json = None,
    batch_size: options.BatchSize = 512,
    workers: options.LoadingWorkers = None,
) -> None:
    """Predict the labels of patches.

    Prints a line per patch: its id and the labels with a probability of 0.5 or more. The JSON file holds, per patch id,
    `logits` and `probabilities` of the 19 classes in alphabetical order, and the predicted `labels`.
    """
    with needs_extra("learn"):
        from reben.learn import prediction

    with progress("predicting") as start:
        predictions = prediction.predict(
            checkpoint,
            store=store,
            metadata=metadata,
            patch_ids=patch_ids or [],
            batch_size=batch_size,
            workers=workers,
            start=start,
        )
    if json is not None:
        print_json(json, as_json(predictions))
    if json != STDOUT:
        for patch_id, chosen in zip(predictions.patch_ids, predictions.probable(_THRESHOLD), strict=True):
            typer.echo(f"{patch_id}\t" + "; ".join(f"{name} ({share:.2f})" for name, share in chosen))


def as_json(predictions: "Predictions") -> dict[str, dict[str, list[float] | list[str]]]:
    """Per patch id: logits and probabilities in the order of the classes, and the predicted labels."""
    return {
        patch_id: {
            "logits": logits.tolist(),
            "probabilities": probabilities.tolist(),
            "labels": [name for name, _ in chosen],
        }
        for patch_id, logits, probabilities, chosen in zip(
            predictions.patch_ids,
            predictions.logits,
            predictions.probabilities,
            predictions.probable(_THRESHOLD),
            strict=True,
        )
    }
