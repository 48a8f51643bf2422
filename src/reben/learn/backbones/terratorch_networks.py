"""Encoders whose networks TerraTorch has: TerraMind, Prithvi and Clay.

TerraTorch is imported when one is built; `build_backbone` says how to install it.
"""

from importlib import import_module
from typing import Any

import timm
import torch
from torch import nn

from reben.core.bands import IMAGE_RESOLUTION_M, S1_BANDS
from reben.learn.backbones.encoder import Encoder, Features, State, TokenEncoder, as_map
from reben.learn.backbones.row import Backbone
from reben.learn.tasks.map_decoder import ends_of_quarters

_S1, _S2 = "S1GRD", "S2L2A"
"""What TerraMind calls the sensors."""
_CLAY_NAMES = {
    "B02": "blue", "B03": "green", "B04": "red", "B05": "rededge1", "B06": "rededge2", "B07": "rededge3", "B08": "nir",
    "B8A": "nir08", "B11": "swir16", "B12": "swir22",
}  # fmt: skip
"""What Clay calls the bands, by which TerraTorch knows their wavelengths."""


def _built(row: Backbone, **options: Any) -> Any:  # noqa: ANN401 - TerraTorch's models have no common type
    import_module("terratorch.models.backbones")  # registers them
    registry = import_module("terratorch.registry").TERRATORCH_BACKBONE_REGISTRY
    return registry.build(row.architecture, pretrained=False, **options)


class TerraMindEncoder(Encoder):
    """TerraMind: radar, optical, or both; tokens of one place are averaged over the sensors."""

    def __init__(self, network: nn.Module, *, radar: int) -> None:
        super().__init__(network)
        self._radar = radar  # channels of Sentinel-1, which come first

    def forward(self, images: torch.Tensor) -> Features:
        """The mean over all places, normalised."""
        places = self._layers(images)[-1]
        return Features(places.mean(1), None, places)

    def depths(self, images: torch.Tensor) -> list[torch.Tensor]:
        """What the quarters of its blocks end with."""
        layers = self._layers(images)
        return [as_map(layers[end], 0, None) for end in ends_of_quarters(len(layers))]

    def _layers(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Outputs of all blocks, shape (B, places, dimensions) each."""
        radar, optical = images[:, : self._radar], images[:, self._radar :]
        given = {name: part for name, part in ((_S1, radar), (_S2, optical)) if part.shape[1]}
        layers: list[torch.Tensor] = self.network(given)
        return layers

    def adapted(self, state: State) -> State:
        """Of the published file, which holds all modalities and decoders, the tensors of this network."""
        own = self.network.state_dict()
        return {name: tensor for name, tensor in state.items() if name in own}


def terramind(row: Backbone) -> TerraMindEncoder:
    """TerraMind for the sensors of the row."""
    radar = sum(name in S1_BANDS for name in row.channels)
    modalities = [*([_S1] if radar else []), *([_S2] if len(row.channels) > radar else [])]
    return TerraMindEncoder(_built(row, modalities=modalities), radar=radar)


class PrithviEncoder(TokenEncoder):
    """Prithvi, of one image; day and place are not told."""

    def forward(self, images: torch.Tensor) -> Features:
        """The mean over all places, normalised."""
        network: Any = self.network
        found = network.forward_features(images)[-1]
        return Features(found[:, 1:].mean(1), found[:, 0], found[:, 1:])

    def adapted(self, state: State) -> State:
        """Published tensors of the encoder, under its names; position embeddings are computed for one image."""
        own = self.network.state_dict()
        named = {name.replace("_timm_module.", "").removeprefix("encoder."): tensor for name, tensor in state.items()}
        kept = {name: tensor for name, tensor in named.items() if name in own}
        return {**kept, "pos_embed": own["pos_embed"]}


def prithvi(row: Backbone) -> PrithviEncoder:
    """Prithvi for one image of the row's bands."""
    return PrithviEncoder(_built(row, num_frames=1))


class ClayEncoder(Encoder):
    """Clay: its first layer is made of wavelengths, positions of the size of a pixel; day and place are not told."""

    def forward(self, images: torch.Tensor) -> Features:
        """The class token, normalised, as its authors take it."""
        network: Any = self.network
        found = network.forward_features(images, gsd=float(IMAGE_RESOLUTION_M))[-1]
        return Features(found[:, 0], found[:, 0], found[:, 1:])

    def depths(self, images: torch.Tensor) -> list[torch.Tensor]:
        """What the quarters of its layers end with."""
        network: Any = self.network
        layers = network.forward_features(images, gsd=float(IMAGE_RESOLUTION_M))
        return [as_map(layers[end], 1, None) for end in ends_of_quarters(len(layers))]

    def adapted(self, state: State) -> State:
        """Published tensors of the encoder, under its names; the file holds a decoder and a teacher, too."""
        marked = "model.encoder."
        found = {name.removeprefix(marked): tensor for name, tensor in state.items() if name.startswith(marked)}
        return {f"clay_encoder.{name}": tensor for name, tensor in (found or state).items()}


def clay(row: Backbone) -> ClayEncoder:
    """Clay for the row's bands, with images of the row's side."""
    import_module("terratorch.models.backbones.clay_v1.embedder")  # tells timm of it
    names = [_CLAY_NAMES[band] for band in row.channels]
    return ClayEncoder(timm.create_model(row.architecture, pretrained=False, bands=names, img_size=row.side_px))
