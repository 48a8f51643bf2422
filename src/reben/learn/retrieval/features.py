"""Embeddings of patches: what a trained model makes of them before its last layer."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
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
from reben.io.dataset.legends import legend_of_tables
from reben.io.store import StorePlace
from reben.learn.inference.outputs import open_data, outputs_of, suitable_device
from reben.learn.models.trained_model import TrainedModel
from reben.learn.retrieval.embeddings import Embeddings
from reben.learn.retrieval.options import EmbedOptions
from reben.learn.retrieval.parts import Plan, write_in_parts
from reben.learn.retrieval.provenance import hash_of_ids, hash_of_rows, versions
from reben.learn.retrieval.sources import Embedder, of_backbone, of_checkpoint
from reben.version import __version__
from reben.work.progress import Advance, Begin, begin_unseen, unseen

_AXES = 2


def embed(
    checkpoint: str | os.PathLike[str] | None = None,
    *,
    store: StorePlace,
    metadata: list[Path],
    output: Path,
    backbone: str | None = None,
    options: EmbedOptions = EmbedOptions(),  # noqa: B008 - frozen
    start: Begin = begin_unseen,
) -> int | None:
    """Write a table with an embedding per patch; the number of its patches, or None while others write their shares.

    What was written before is not made again; the table appears when all of its parts are there.

    Args:
        checkpoint: run directory, folder with weights, or name on the hub; or None and a `backbone`.
        store: where the pixels are.
        metadata: metadata tables.
        output: Parquet file to write; it appears whole or not at all.
        backbone: `NAME[@WEIGHTS]` of the table of backbones.
        options: which patches, and how.
        start: called with the number of patches; returns the progress callback.

    Raises:
        RunError: if there is no model, or it has no features.
        BackboneError: if there is no such backbone, or its weights cannot be used.
        HubError: if the model is on a hub that cannot be reached.
        MetadataError: if a table is wrong, has no row for the splits, or does not fit the store.
        StoreError: if there is no store.
        EmbeddingError: if there are parts of another table.
    """
    if backbone is not None:
        embedder = of_backbone(backbone, legend_of_tables(metadata), pool=options.pool)
    else:
        embedder = of_checkpoint(checkpoint or "")
    trained, kept = embedder.trained, options.snow_and_cloud
    data = open_data(
        trained,
        store=store,
        metadata=metadata,
        batch_size=options.batch_size,
        workers=options.workers,
        snow_and_cloud=kept,
    )
    patches = _chosen(data, options)
    plan = _plan(output, embedder, data, patches, options)
    with_precision = partial(_features, precision=options.precision)
    begun = start(sum(len(part) for part in plan.parts[options.place[0] :: options.place[1]]))

    def vectors_of(rows: Sequence[int]) -> Iterator[NDArray[np.float32]]:
        return embeddings_of(trained, data, patches.at(rows), compute=with_precision)

    is_joined = write_in_parts(plan, vectors_of, share=options.place, progress=begun)
    return len(patches) if is_joined else None


def _chosen(data: PatchDataModule, options: EmbedOptions) -> Patches:
    """The patches of the wanted splits.

    Raises:
        MetadataError: if there is none, or the store lacks one.
    """
    splits = options.split or SPLIT_NAMES
    patches = Patches.from_metadata(
        data.metadata.filter(pc.is_in(data.metadata["split"], pa.array(list(splits)))),
        snow_and_cloud=options.snow_and_cloud,
        legend=data.legend,
    )
    if not len(patches):
        raise MetadataError(f"the metadata tables have no patch of {', '.join(splits)}", hint="give those that do")
    patches.expect_in(data.store, data.bands)
    return patches


def _plan(output: Path, embedder: Embedder, data: PatchDataModule, patches: Patches, options: EmbedOptions) -> Plan:
    """The table that is to be written: its rows, and what it says of itself."""
    rows = _rows_of(data, patches)
    side = data.dataset_of(patches).image_shape[1]
    model = replace(
        embedder.description,
        dimensions=_dimensions(embedder.trained, side),
        precision=options.precision,
        dtype=options.dtype,
    )
    provenance = {
        "reben": __version__,
        **versions(),
        "patches_sha256": hash_of_ids(rows["patch_id"]),
        "rows_sha256": hash_of_rows(rows),
        "snow_and_cloud": str(options.snow_and_cloud).lower(),
    }
    return Plan(output, rows, model, provenance)


@torch.inference_mode()
def _dimensions(trained: TrainedModel, side_px: int) -> int:
    """Of a vector, found with an empty image."""
    trained.model.to(suitable_device()).eval()
    return int(_features(trained, torch.zeros(1, len(trained.bands), side_px, side_px, device=trained.device)).shape[1])


def embed_patch(
    checkpoint: str | os.PathLike[str], patch_id: str, *, store: StorePlace, metadata: list[Path]
) -> Embeddings:
    """One patch of any store, as a table of one row.

    Raises:
        RunError, HubError, MetadataError, StoreError: as in `embed`.
    """
    embedder = of_checkpoint(checkpoint)
    trained = embedder.trained
    data = open_data(trained, store=store, metadata=metadata, batch_size=1, workers=0, snow_and_cloud=True)
    patches = Patches.from_metadata(data.metadata, snow_and_cloud=True, legend=data.legend).select([patch_id])
    patches.expect_in(data.store, data.bands)
    (vectors,) = embeddings_of(trained, data, patches)
    model = replace(embedder.description, dimensions=vectors.shape[1])
    return Embeddings(_rows_of(data, patches), vectors, model)


def embeddings_of(
    trained: TrainedModel,
    data: PatchDataModule,
    patches: Patches,
    *,
    compute: Callable[[TrainedModel, torch.Tensor], torch.Tensor] | None = None,
    progress: Advance = unseen,
) -> Iterator[NDArray[np.float32]]:
    """Embeddings of the patches in their order, batch by batch.

    Args:
        trained: the model.
        data: the store that holds the patches.
        patches: which patches.
        compute: what makes vectors of normalised images; by default the model's last layer before a classifier.
        progress: called with the number of patches just finished.

    Yields:
        shape (batch, dimensions).

    Raises:
        RunError: if the model has no such layer, or gives what is no number.
    """
    for _, features in outputs_of(trained, data, patches, compute=compute or _features, progress=progress):
        yield features.cpu().numpy()


def _features(trained: TrainedModel, images: torch.Tensor, *, precision: str = "float32") -> torch.Tensor:
    """Embeddings of normalised images, shape (batch, dimensions).

    Raises:
        RunError: if the model has no such layer.
    """
    model: Any = trained.model  # timm's models have no common type
    if not (hasattr(model, "forward_features") and hasattr(model, "forward_head")):
        raise RunError(f"{type(model).__name__} has no layer before a classifier", hint="use a classifier of timm")
    with torch.autocast(images.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        features: torch.Tensor = model.forward_head(model.forward_features(images), pre_logits=True)
    if features.ndim != _AXES:
        raise RunError(f"{type(model).__name__} gives features of shape {tuple(features.shape)}, not a vector each")
    return features


def _rows_of(data: PatchDataModule, patches: Patches) -> pa.Table:
    """What the metadata tables say of the patches."""
    return data.metadata.take(pc.index_in(patches.ids, data.metadata["patch_id"].combine_chunks()))
