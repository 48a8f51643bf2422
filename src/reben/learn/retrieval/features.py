"""Embeddings of patches: what a trained model makes of them before its last layer."""

import os
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import torch
from numpy.typing import NDArray

from reben.core.errors import MetadataError, RunError
from reben.core.names import SPLIT_NAMES
from reben.data.datamodule import PatchDataModule
from reben.data.patches import Patches
from reben.io.store import StorePlace
from reben.learn.inference.options import BATCH_SIZE
from reben.learn.inference.outputs import open_data, outputs_of
from reben.learn.models.trained_model import TrainedModel
from reben.learn.models.weights import load_model
from reben.learn.retrieval.embeddings import EmbeddingModel, Embeddings, write_embeddings
from reben.learn.tasks.task import Output
from reben.work.progress import Advance, Begin, begin_unseen, unseen

LAYER = "forward_head(forward_features(images), pre_logits=True)"
"""How timm calls it: pooled, and with whatever a model has between pooling and the classifier."""

_AXES = 2


def embed(
    checkpoint: str | os.PathLike[str],
    *,
    store: StorePlace,
    metadata: list[Path],
    output: Path,
    splits: Sequence[str] = SPLIT_NAMES,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
    snow_and_cloud: bool = False,
    start: Begin = begin_unseen,
) -> int:
    """Write a table with an embedding per patch; the number of patches.

    Args:
        checkpoint: run directory, folder with weights, or name on the hub.
        store: where the pixels are.
        metadata: metadata tables.
        output: Parquet file to write; it appears whole or not at all.
        splits: of which patches.
        batch_size: patches per step.
        workers: loading threads; None chooses.
        snow_and_cloud: keep patches with seasonal snow, clouds or cloud shadows.
        start: called with the number of patches; returns the progress callback.

    Raises:
        RunError: if there is no model, or it has no features.
        HubError: if the model is on a hub that cannot be reached.
        MetadataError: if a table is wrong, has no row for the splits, or does not fit the store.
        StoreError: if there is no store.
    """
    trained = load_model(checkpoint)
    trained.expect_output(Output.labels, Output.values)
    data = open_data(
        trained, store=store, metadata=metadata, batch_size=batch_size, workers=workers, snow_and_cloud=snow_and_cloud
    )
    patches = Patches.from_metadata(
        data.metadata.filter(pc.is_in(data.metadata["split"], pa.array(list(splits)))),
        snow_and_cloud=snow_and_cloud,
        legend=data.legend,
    )
    if not len(patches):
        raise MetadataError(f"the metadata tables have no patch of {', '.join(splits)}", hint="give those that do")
    patches.expect_in(data.store, data.bands)
    vectors = embeddings_of(trained, data, patches, progress=start(len(patches)))
    first = next(vectors)
    model = EmbeddingModel.of(trained, checkpoint, first.shape[1], LAYER)
    write_embeddings(output, _rows_of(data, patches), chain([first], vectors), model)
    return len(patches)


def embed_patch(
    checkpoint: str | os.PathLike[str], patch_id: str, *, store: StorePlace, metadata: list[Path]
) -> Embeddings:
    """One patch of any store, as a table of one row.

    Raises:
        RunError, HubError, MetadataError, StoreError: as in `embed`.
    """
    trained = load_model(checkpoint)
    trained.expect_output(Output.labels, Output.values)
    data = open_data(trained, store=store, metadata=metadata, batch_size=1, workers=0, snow_and_cloud=True)
    patches = Patches.from_metadata(data.metadata, snow_and_cloud=True, legend=data.legend).select([patch_id])
    patches.expect_in(data.store, data.bands)
    (vectors,) = embeddings_of(trained, data, patches)
    model = EmbeddingModel.of(trained, checkpoint, vectors.shape[1], LAYER)
    return Embeddings(_rows_of(data, patches), vectors, model)


def embeddings_of(
    trained: TrainedModel, data: PatchDataModule, patches: Patches, *, progress: Advance = unseen
) -> Iterator[NDArray[np.float32]]:
    """Embeddings of the patches in their order, batch by batch.

    Args:
        trained: the model.
        data: the store that holds the patches.
        patches: which patches.
        progress: called with the number of patches just finished.

    Yields:
        shape (batch, dimensions).

    Raises:
        RunError: if the model has no such layer, or gives what is no number.
    """
    for _, features in outputs_of(trained, data, patches, compute=_features, progress=progress):
        yield features.cpu().numpy()


def _features(trained: TrainedModel, images: torch.Tensor) -> torch.Tensor:
    """Embeddings of normalised images, shape (batch, dimensions).

    Raises:
        RunError: if the model has no such layer.
    """
    model: Any = trained.model  # timm's models have no common type
    if not (hasattr(model, "forward_features") and hasattr(model, "forward_head")):
        raise RunError(f"{type(model).__name__} has no layer before a classifier", hint="use a classifier of timm")
    features: torch.Tensor = model.forward_head(model.forward_features(images), pre_logits=True)
    if features.ndim != _AXES:
        raise RunError(f"{type(model).__name__} gives features of shape {tuple(features.shape)}, not a vector each")
    return features


def _rows_of(data: PatchDataModule, patches: Patches) -> pa.Table:
    """What the metadata tables say of the patches."""
    return data.metadata.take(pc.index_in(patches.ids, data.metadata["patch_id"].combine_chunks()))
