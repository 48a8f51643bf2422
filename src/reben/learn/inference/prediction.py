"""Predict the labels, or the class maps, of single patches with a trained model."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reben.data.datamodule import PatchDataModule
from reben.data.patches import Patches, chosen_patches
from reben.learn.inference.options import BATCH_SIZE, IMAGES_AT_ONCE
from reben.learn.inference.outputs import logits_of, open_data, outputs_of
from reben.learn.models.trained_model import TrainedModel
from reben.learn.tasks.task import Output


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


@dataclass(frozen=True, slots=True)
class PredictedMap:
    """What a segmentation model says of one patch."""

    patch_id: str
    classes: NDArray[np.int8]
    """Class of each pixel, shape (H, W)."""
    truth: NDArray[np.int8] | None
    """From the reference map, -1 where unlabelled; None if it was not asked for."""


@dataclass(frozen=True)
class PredictedValues:
    """The numbers that a regression model predicts of some patches."""

    patch_ids: list[str]
    names: tuple[str, ...]
    """What the numbers are."""
    values: NDArray[np.float32]
    """In the unit of the target, shape (patches, names)."""


def predict(
    trained: TrainedModel,
    *,
    store: Path,
    metadata: list[Path],
    patch_ids: Sequence[str] = (),
    split: str | None = None,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
    start: Callable[[int], Callable[[int], None]] = lambda _: lambda _: None,
) -> Predictions:
    """Logits of the named patches, or of all in the metadata tables, snowy and cloudy ones included.

    Args:
        trained: a model that gives labels.
        store: where the pixels are.
        metadata: metadata tables; they know the Sentinel-1 partner of each patch.
        patch_ids: which patches, in which order; empty for all.
        split: `train`, `validation` or `test`, if no patches are named; None for all.
        batch_size: patches per batch.
        workers: loading threads; None chooses.
        start: called with the number of patches; returns the progress callback.

    Raises:
        RunError: if it gives something else.
        MetadataError: if a table is wrong or lacks a patch, or the store does.
        StoreError: if there is no store.
    """
    trained.expect_output(Output.labels)
    data, patches = _opened(
        trained,
        store=store,
        metadata=metadata,
        patch_ids=patch_ids,
        split=split,
        batch_size=batch_size,
        workers=workers,
    )
    logits = logits_of(trained, data, patches, progress=start(len(patches)))
    return Predictions(
        patch_ids=patches.ids.to_pylist(),
        class_names=trained.class_names,
        logits=logits.numpy(),
        probabilities=logits.sigmoid().numpy(),
        labels=patches.labels,
    )


def predict_values(
    trained: TrainedModel,
    *,
    store: Path,
    metadata: list[Path],
    patch_ids: Sequence[str] = (),
    split: str | None = None,
    batch_size: int = 512,
    workers: int | None = None,
    start: Callable[[int], Callable[[int], None]] = lambda _: lambda _: None,
) -> PredictedValues:
    """Numbers of the named patches, or of all in the metadata tables, snowy and cloudy ones included.

    Args:
        trained: a model that gives values.
        store: where the pixels are.
        metadata: metadata tables; they need no column of the target.
        patch_ids: which patches, in which order; empty for all.
        split: `train`, `validation` or `test`, if no patches are named; None for all.
        batch_size: patches per batch.
        workers: loading threads; None chooses.
        start: called with the number of patches; returns the progress callback.

    Raises:
        RunError: if it gives something else.
        MetadataError: if a table is wrong or lacks a patch, or the store does.
        StoreError: if there is no store.
    """
    trained.expect_output(Output.values)
    data, patches = _opened(
        trained,
        store=store,
        metadata=metadata,
        patch_ids=patch_ids,
        split=split,
        batch_size=batch_size,
        workers=workers,
    )
    values = logits_of(trained, data, patches, progress=start(len(patches)))
    return PredictedValues(patches.ids.to_pylist(), trained.class_names, values.numpy())


def predict_maps(
    trained: TrainedModel,
    *,
    store: Path,
    metadata: list[Path],
    patch_ids: Sequence[str] = (),
    split: str | None = None,
    truth: bool = False,
    batch_size: int = IMAGES_AT_ONCE,
    workers: int | None = None,
    start: Callable[[int], Callable[[int], None]] = lambda _: lambda _: None,
) -> Iterator[PredictedMap]:
    """Class maps of the named patches, or of all in the metadata tables, one after the other.

    Args:
        trained: a model that gives maps.
        store: where the pixels are.
        metadata: metadata tables; they know the Sentinel-1 partner of each patch.
        patch_ids: which patches, in which order; empty for all.
        split: `train`, `validation` or `test`, if no patches are named; None for all.
        truth: give the true map, too.
        batch_size: patches per batch.
        workers: loading threads; None chooses.
        start: called with the number of patches; returns the progress callback.

    Raises:
        RunError: if it gives something else.
        MetadataError: if a table is wrong or lacks a patch, or the store does.
        StoreError: if there is no store.
    """
    trained.expect_output(Output.maps)
    data, patches = _opened(
        trained,
        store=store,
        metadata=metadata,
        patch_ids=patch_ids,
        split=split,
        batch_size=batch_size,
        workers=workers,
        reference_maps=truth,
    )
    for batch, logits in outputs_of(trained, data, patches, progress=start(len(patches))):
        masks = batch["mask"].cpu().numpy().astype(np.int8) if truth else [None] * len(logits)
        predicted = logits.argmax(dim=1).cpu().numpy().astype(np.int8)
        for patch_id, classes, mask in zip(batch["patch_id"], predicted, masks, strict=True):
            yield PredictedMap(patch_id, classes, mask)


def _opened(
    trained: TrainedModel,
    *,
    store: Path,
    metadata: list[Path],
    patch_ids: Sequence[str],
    split: str | None,
    batch_size: int,
    workers: int | None,
    reference_maps: bool = False,
) -> tuple[PatchDataModule, Patches]:
    """Store and tables, and the patches that are meant, snowy and cloudy ones included."""
    data = open_data(
        trained,
        store=store,
        metadata=metadata,
        batch_size=batch_size,
        workers=workers,
        snow_and_cloud=True,
        reference_maps=reference_maps,
    )
    wanted = None if patch_ids else split
    patches = chosen_patches(data.metadata, data.legend, split=wanted, snow_and_cloud=True)
    if patch_ids:
        patches = patches.select(patch_ids)
    patches.expect_in(data.store, data.bands, reference_maps=reference_maps)
    return data, patches
