"""Encoders whose networks torchvision has: Swin transformers of its own, which Satlas's weights are of."""

from importlib import import_module
from typing import Any

import torch

from reben.learn.backbones.encoder import Encoder, Features, Stage
from reben.learn.backbones.row import Backbone


class SwinEncoder(Encoder):
    """A Swin transformer of torchvision."""

    def forward(self, images: torch.Tensor) -> Features:
        """Features before the classifier."""
        network: Any = self.network
        found = network.norm(network.features(images))  # (B, H, W, C)
        places = found.flatten(1, 2)
        return Features(places.mean(1), None, places)

    def stages(self) -> list[Stage]:
        """Its four stages, between which sides are halved."""
        network: Any = self.network
        ends = [network.features[number] for number in range(1, len(network.features), 2)]
        return [Stage(end, end[-1].norm1.normalized_shape[0]) for end in ends]


def swin(row: Backbone) -> SwinEncoder:
    """A Swin transformer whose first layer sees the row's channels."""
    network: Any = getattr(import_module("torchvision.models"), row.architecture)()
    first = network.features[0][0]
    network.features[0][0] = torch.nn.Conv2d(len(row.channels), first.out_channels, kernel_size=4, stride=4)
    return SwinEncoder(network)
