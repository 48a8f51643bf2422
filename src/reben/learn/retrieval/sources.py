"""What makes embeddings: a trained model, or a backbone; either as a model that takes what a store holds."""

import os
from dataclasses import dataclass

from reben.core.classes import Legend
from reben.data.normalisation import UNSCALED
from reben.learn.backbones.row import Pool
from reben.learn.models.architectures import Architecture
from reben.learn.models.backbone_weights import load_backbone
from reben.learn.models.trained_model import TrainedModel
from reben.learn.models.weights import load_model
from reben.learn.retrieval.embeddings import EmbeddingModel, fingerprint_of
from reben.learn.tasks.task import Output

LAYER = "forward_head(forward_features(images), pre_logits=True)"
"""How timm calls it: pooled, and with whatever a model has between pooling and the classifier."""


@dataclass(frozen=True, slots=True)
class Embedder:
    """A model, and what tables say of it."""

    trained: TrainedModel
    description: EmbeddingModel


def of_checkpoint(checkpoint: str | os.PathLike[str]) -> Embedder:
    """A trained model as it makes embeddings.

    Raises:
        RunError: if there is none, or it has no features.
        HubError: if it is on a hub that cannot be reached.
    """
    trained = load_model(checkpoint)
    trained.expect_output(Output.labels, Output.values)
    return Embedder(trained, EmbeddingModel.of(trained, checkpoint, 0, LAYER))


def of_backbone(name: str, legend: Legend, *, pool: Pool = Pool.authors) -> Embedder:
    """A backbone as it makes embeddings.

    Args:
        name: `NAME[@WEIGHTS]`.
        legend: of the labels that the table will have.
        pool: how vectors are made.

    Raises:
        BackboneError, HubError, MissingExtraError: as `load_backbone`.
    """
    loaded = load_backbone(name, pool=pool)
    row = loaded.model.row
    architecture = Architecture(
        timm_name=row.architecture,
        channels=len(row.bands),
        classes=len(legend.class_names),
        image_size=row.side_px or 0,
        dropout=0.0,
        drop_path=0.0,
        backbone=row.name,
        pool=pool,
    )
    statistics = dict.fromkeys(row.bands, UNSCALED)
    trained = TrainedModel(loaded.model, architecture, row.bands, statistics, legend.class_names, legend)
    description = EmbeddingModel(
        checkpoint=str(loaded.name),
        timm_name=row.architecture,
        fingerprint=loaded.weights_sha256 or fingerprint_of(loaded.model.encoder),
        bands=row.bands,
        mean=row.values.mean,
        std=row.values.std,
        layer=f"pool: {pool}",
        class_names=legend.class_names,
        dimensions=loaded.model.dimensions,
        row=row.as_json(),
        published_sha256=loaded.published_sha256,
    )
    return Embedder(trained, description)
