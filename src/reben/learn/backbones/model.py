"""A backbone with the way of its images into it, and, for training, a head: takes images as they are stored."""

from importlib.metadata import EntryPoint
from typing import Any

import torch
from torch import nn

from reben.core.errors import BackboneError, MissingExtraError
from reben.learn.backbones.encoder import Encoder, Features
from reben.learn.backbones.maps import BackboneMaps
from reben.learn.backbones.row import Backbone, Pool
from reben.learn.backbones.tunable import Tunable


class BackboneModel(Tunable):
    """Maps stored values (B, bands, H, W) to vectors or, with a head, to logits.

    It answers to timm's names `forward_features` and `forward_head`, as whatever embeds images expects.

    Args:
        row: what it is.
        encoder: the network.
        classes: outputs of the head; 0 for none.
        pool: how vectors are made.
        dropout: before the head.
    """

    def __init__(
        self, row: Backbone, encoder: Encoder, *, classes: int = 0, pool: Pool = Pool.authors, dropout: float = 0.0
    ) -> None:
        super().__init__(row, encoder)
        self.pool = pool
        self.dimensions = self._tried()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(self.dimensions, classes) if classes else nn.Identity()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits, shape (B, classes); vectors without a head."""
        return self.forward_head(self.forward_features(images))

    def forward_features(self, images: torch.Tensor) -> Features:
        """What the network makes of stored values, shape (B, bands, H, W)."""
        features: Features = self.encoder(self.inputs(images))
        return features

    def forward_head(self, features: Features, pre_logits: bool = False) -> torch.Tensor:  # noqa: FBT001, FBT002 - timm's
        """Logits of features; with `pre_logits` their vectors, shape (B, dimensions)."""
        vectors = features.vector(self.pool, self.row.name)
        logits: torch.Tensor = vectors if pre_logits else self.head(self.dropout(vectors))
        return logits

    @torch.no_grad()
    def _tried(self) -> int:
        """Dimensions of a vector, found with an empty image.

        Raises:
            BackboneError: if the network cannot take the row's images, or be pooled in that way.
        """
        training = self.encoder.training
        self.encoder.eval()
        try:
            vector = self.forward_features(self.empty_images()).vector(self.pool, self.row.name)
        except (RuntimeError, AssertionError, IndexError) as error:
            raise self.misfit(error) from error
        self.encoder.train(training)
        return int(vector.shape[1])


def build_backbone(
    row: Backbone, *, classes: int = 0, pool: Pool = Pool.authors, dropout: float = 0.0
) -> BackboneModel:
    """A backbone with random weights that gives vectors or, with a head, a row of logits for each image.

    Raises:
        BackboneError: if it cannot be built.
        MissingExtraError: if its library is not installed.
    """
    return BackboneModel(row, _build_encoder(row), classes=classes, pool=pool, dropout=dropout)


def build_backbone_maps(row: Backbone, *, classes: int) -> BackboneMaps:
    """A backbone with random weights that gives logits of every pixel.

    Args:
        row: sees whole patches (`Backbone.for_maps`).
        classes: their number.

    Raises:
        BackboneError: if it cannot be built, or has no features that a decoder could use.
        MissingExtraError: if its library is not installed.
    """
    return BackboneMaps(row, _build_encoder(row), classes=classes)


def _build_encoder(row: Backbone) -> Encoder:
    """The network of a row, with random weights.

    Raises:
        BackboneError: if it is not an encoder.
        MissingExtraError: if its library is not installed.
    """
    try:
        build: Any = EntryPoint(row.name, row.encoder, "reben.backbones").load()
        encoder = build(row)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == row.library:
            raise MissingExtraError.needed(f"backbone {row.name}", row.library, "backbones") from error
        raise
    if not isinstance(encoder, Encoder):
        raise BackboneError(f"{row.name}: {row.encoder} made a {type(encoder).__name__}; expected an Encoder")
    return encoder
