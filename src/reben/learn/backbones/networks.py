"""Networks of timm that several rows have: vectors, weights and pooling, told once."""

from dataclasses import dataclass
from typing import Any

from reben.learn.backbones.row import Backbone

TIMM_ENCODER = "reben.learn.backbones.encoder:timm_encoder"
_TOKEN, _MEAN = "class token", "mean over all places"

_FACTS: dict[str, tuple[int, int, int, str]] = {
    "resnet18": (512, 11_167_104, 3_136, _MEAN),
    "resnet50": (2048, 23_498_624, 3_136, _MEAN),
    "resnet152": (2048, 58_134_400, 3_136, _MEAN),
    "vit_small_patch16_224": (384, 21_370_752, 98_304, _TOKEN),
    "vit_base_patch16_224": (768, 85_208_832, 196_608, _TOKEN),
    "vit_large_patch16_224": (1024, 302_515_200, 262_144, _TOKEN),
    "vit_huge_patch14_224": (1280, 630_012_160, 250_880, _TOKEN),
    "vit_small_patch14_dinov2": (384, 21_403_008, 75_264, _TOKEN),
    "vit_base_patch14_dinov2": (768, 85_273_344, 150_528, _TOKEN),
}
"""Dimensions of a vector; weights without those of the first layer that see bands; of these how many a band takes; and
the pooling. Position embeddings are of images of 224 pixels. Tests compare with the networks as they are built."""


@dataclass(frozen=True, slots=True)
class Network:
    """A network of timm."""

    timm_name: str
    title: str

    @property
    def short(self) -> str:
        """As it is called in names of rows.

        >>> Network("vit_small_patch16_224", "ViT-S/16").short
        'vits16'
        """
        return self.title.lower().replace("-", "").replace("/", "")


def described(network: Network, *, channels: tuple[str, ...], **rest: Any) -> Backbone:  # noqa: ANN401 - the row's fields
    """A row with what is known of its network."""
    dimensions, weights, per_channel, pool = _FACTS[network.timm_name]
    return Backbone(
        library="timm",
        architecture=network.timm_name,
        encoder=TIMM_ENCODER,
        channels=channels,
        dimensions=dimensions,
        parameters=weights + per_channel * len(channels),
        pool=pool,
        **rest,
    )
