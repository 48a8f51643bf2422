"""Predict the labels, or the class maps, of single patches with a trained model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reben.data.datamodule import PatchDataModule
from reben.data.patches import Patches, chosen_patches
from reben.io.store import StorePlace
from reben.learn.inference.options import BATCH_SIZE
from reben.learn.inference.outputs import logits_of, open_data, outputs_of
from reben.learn.models.trained_model import TrainedModel
from reben.learn.tasks.task import Output
from reben.work.progress import Begin, begin_unseen


@dataclass(frozen=True, slots=True)
class PatchInputs:
    """Which patches, where their pixels are, and how they are loaded."""

    store: StorePlace
    metadata: Sequence[Path]
    """Metadata tables; they know the Sentinel-1 partner of each patch."""
    patch_ids: Sequence[str] = ()
    """Which patches, in which order; empty for all, snowy and cloudy ones included."""
    split: str | None = None
    """`train`, `validation` or `test`, if no patches are named; None for all."""
    batch_size: int = BATCH_SIZE
    """Patches per batch."""
    workers: int | None = None
    """Loading threads; None chooses."""

    def opened(
        self, trained: TrainedModel, expected: Output, *, reference_maps: bool = False
    ) -> tuple[PatchDataModule, Patches]:
        """The data as a model wants it, and the patches that are meant.

        Raises:
            RunError: if the model gives something else than what is expected.
            MetadataError: if a table is wrong or lacks a patch, or the store does.
            StoreError: if there is no store.
        """
        trained.expect_output(expected)
        data = open_data(
            trained,
            store=self.store,
            metadata=list(self.metadata),
            batch_size=self.batch_size,
            workers=self.workers,
            snow_and_cloud=True,
            reference_maps=reference_maps,
        )
        split = None if self.patch_ids else self.split
        patches = chosen_patches(data.metadata, data.legend, split=split, snow_and_cloud=True)
        if self.patch_ids:
            patches = patches.select(self.patch_ids)
        patches.expect_in(data.store, data.bands, reference_maps=reference_maps)
        return data, patches


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


def predict(trained: TrainedModel, inputs: PatchInputs, *, start: Begin = begin_unseen) -> Predictions:
    """Labels of patches, with their probabilities.

    Args:
        trained: a model that gives labels.
        inputs: which patches.
        start: called with the number of patches; returns the progress callback.

    Raises:
        RunError: if it gives something else.
        MetadataError: if a table is wrong or lacks a patch, or the store does.
        StoreError: if there is no store.
    """
    data, patches = inputs.opened(trained, Output.labels)
    logits = logits_of(trained, data, patches, progress=start(len(patches)))
    return Predictions(
        patch_ids=patches.ids.to_pylist(),
        class_names=trained.class_names,
        logits=logits.numpy(),
        probabilities=logits.sigmoid().numpy(),
        labels=patches.labels,
    )


def predict_values(trained: TrainedModel, inputs: PatchInputs, *, start: Begin = begin_unseen) -> PredictedValues:
    """Numbers of patches; the tables need no column of the target.

    Args:
        trained: a model that gives values.
        inputs: which patches.
        start: called with the number of patches; returns the progress callback.

    Raises:
        RunError: if it gives something else.
        MetadataError: if a table is wrong or lacks a patch, or the store does.
        StoreError: if there is no store.
    """
    data, patches = inputs.opened(trained, Output.values)
    values = logits_of(trained, data, patches, progress=start(len(patches)))
    return PredictedValues(patches.ids.to_pylist(), trained.class_names, values.numpy())


def predict_maps(
    trained: TrainedModel, inputs: PatchInputs, *, truth: bool = False, start: Begin = begin_unseen
) -> Iterator[PredictedMap]:
    """Class maps of patches, one after the other.

    Args:
        trained: a model that gives maps.
        inputs: which patches.
        truth: give the true map, too.
        start: called with the number of patches; returns the progress callback.

    Raises:
        RunError: if it gives something else.
        MetadataError: if a table is wrong or lacks a patch, or the store does.
        StoreError: if there is no store.
    """
    data, patches = inputs.opened(trained, Output.maps, reference_maps=truth)
    for batch, logits in outputs_of(trained, data, patches, progress=start(len(patches))):
        masks = batch["mask"].cpu().numpy().astype(np.int8) if truth else [None] * len(logits)
        predicted = logits.argmax(dim=1).cpu().numpy().astype(np.int8)
        for patch_id, classes, mask in zip(batch["patch_id"], predicted, masks, strict=True):
            yield PredictedMap(patch_id, classes, mask)
