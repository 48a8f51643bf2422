"""Evaluate a trained model on one split with the paper's metrics."""

from collections.abc import Callable
from pathlib import Path

import torch

from reben.learn.inference import logits_of, open_data
from reben.learn.metrics import Scores, score
from reben.learn.weights import load_model


def evaluate(
    checkpoint: Path,
    *,
    store: Path,
    metadata: list[Path],
    split: str,
    batch_size: int = 512,
    workers: int | None = None,
    snow_and_cloud: bool = False,
    start: Callable[[int], Callable[[int], None]] = lambda _: lambda _: None,
) -> Scores:
    """Metrics of the model in `checkpoint` on one split.

    Args:
        checkpoint: run directory, or any folder with `config.json` and `model.safetensors`.
        store: where the pixels are.
        metadata: metadata tables.
        split: `train`, `validation` or `test`.
        batch_size: patches per batch.
        workers: loading threads; None chooses.
        snow_and_cloud: keep patches with seasonal snow, clouds or cloud shadows.
        start: is told the number of patches, and gives what is to be told of the progress.

    Raises:
        RunError: if there is no model in `checkpoint`.
        MetadataError: if a table is wrong, has no row for the split, or does not fit the store.
        StoreError: if there is no store.
    """
    trained = load_model(checkpoint)
    data = open_data(
        trained, store=store, metadata=metadata, batch_size=batch_size, workers=workers, snow_and_cloud=snow_and_cloud
    )
    patches = data.dataset(split).patches
    logits = logits_of(trained, data, patches, progress=start(len(patches)))
    return score(logits.sigmoid(), torch.from_numpy(patches.labels), trained.class_names)
