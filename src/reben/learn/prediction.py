"""Predict the labels of single patches with a trained model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reben.data.patches import Patches
from reben.learn.inference import logits_of, open_data
from reben.learn.weights import load_model


@dataclass(frozen=True)
class Predictions:
    """What a model says of some patches."""

    patch_ids: list[str]
    class_names: tuple[str, ...]
    logits: NDArray[np.float32]
    """Shape (patches, classes)."""
    probabilities: NDArray[np.float32]
    """Shape (patches, classes), 0 to 1 each; several labels may be probable at once."""
    labels: NDArray[np.uint8]
    """True labels of the metadata tables, multi-hot, shape (patches, classes)."""

    def probable(self, threshold: float = 0.5) -> list[list[tuple[str, float]]]:
        """Per patch, the classes with a probability of at least `threshold`, with their probabilities."""
        return [
            [(name, float(p)) for name, p in zip(self.class_names, row, strict=True) if p >= threshold]
            for row in self.probabilities
        ]


def predict(
    checkpoint: Path,
    *,
    store: Path,
    metadata: list[Path],
    patch_ids: Sequence[str] = (),
    batch_size: int = 512,
    workers: int | None = None,
    start: Callable[[int], Callable[[int], None]] = lambda _: lambda _: None,
) -> Predictions:
    """Logits of the named patches, or of all in the metadata tables, snowy and cloudy ones included.

    Args:
        checkpoint: run directory, or any folder with `config.json` and `model.safetensors`.
        store: where the pixels are.
        metadata: metadata tables; they know the Sentinel-1 partner of each patch.
        patch_ids: which patches, in which order; empty for all.
        batch_size: patches per batch.
        workers: loading threads; None chooses.
        start: is told the number of patches, and gives what is to be told of the progress.

    Raises:
        RunError: if there is no model in `checkpoint`.
        MetadataError: if a table is wrong or lacks a patch, or the store does.
        StoreError: if there is no store.
    """
    trained = load_model(checkpoint)
    data = open_data(
        trained, store=store, metadata=metadata, batch_size=batch_size, workers=workers, snow_and_cloud=True
    )
    patches = Patches.from_metadata(data.metadata, snow_and_cloud=True, legend=data.legend)
    if patch_ids:
        patches = patches.select(patch_ids)
    patches.expect_in(data.store, data.bands)
    logits = logits_of(trained, data, patches, progress=start(len(patches)))
    return Predictions(
        patch_ids=patches.ids.to_pylist(),
        class_names=trained.class_names,
        logits=logits.numpy(),
        probabilities=logits.sigmoid().numpy(),
        labels=patches.labels,
    )
