"""U-Nets over any timm backbone: a class for each pixel.

Encoders are those of segmentation-models-pytorch; `map_decoder` names the sources of what stands behind them.
"""

from typing import Any

import timm
import torch
from segmentation_models_pytorch.base import SegmentationHead
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
from segmentation_models_pytorch.encoders import get_encoder
from torch import nn
from torch.nn import functional

from reben.learn.tasks.map_decoder import DECODER_CHANNELS, ONE_SCALE_WIDTHS, ends_of_quarters, four_scales, upsamplings
from reben.learn.tasks.task import LARGEST_STRIDE


class UNet(nn.Module):
    """Images (B, channels, H, W) to logits (B, classes, H, W), for any H and W.

    Args:
        encoder: gives features of falling size, the images themselves first; knows its `out_channels`.
        classes: number of classes.
    """

    def __init__(self, encoder: nn.Module, classes: int) -> None:
        super().__init__()
        channels: list[int] = list(encoder.out_channels)  # type: ignore[arg-type]
        depth = len(channels) - 1
        self.encoder = encoder
        self.decoder = UnetDecoder(channels, DECODER_CHANNELS[-depth:], n_blocks=depth)
        self.head = SegmentationHead(DECODER_CHANNELS[-1], classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of every pixel."""
        height, width = images.shape[-2:]
        margins = _margins(width) + _margins(height)  # left, right, top, bottom
        padded = functional.pad(images, margins, mode="replicate") if any(margins) else images
        logits: torch.Tensor = self.head(self.decoder(self.encoder(padded)))
        return logits[..., margins[2] : margins[2] + height, margins[0] : margins[0] + width]


class OneScaleEncoder(nn.Module):
    """Features of several scales from a backbone whose blocks all work on patches of 16 pixels.

    Args:
        backbone: gives features (B, c, H / 16, W / 16) of four depths.
        channels: of the images.
        features: channels of the backbone's features.
    """

    def __init__(self, backbone: nn.Module, channels: int, features: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.out_channels = [channels, *ONE_SCALE_WIDTHS, features]
        self.upsampling = upsamplings(features)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        """Images, then features of strides 2, 4, 8, 16."""
        return [images, *four_scales(self.upsampling, self.backbone(images))]


def build_unet(
    timm_name: str,
    *,
    channels: int,
    classes: int,
    image_size: int,
    pretrained: bool = False,
    **options: Any,  # noqa: ANN401 - of timm
) -> UNet:
    """A U-Net with fresh weights, or with timm's pretrained ones in its backbone.

    Args:
        timm_name: of the backbone; with the tag of its weights if they are wanted.
        channels: of the images.
        classes: number of classes.
        image_size: pixels along one side of an image; some backbones are built for it.
        pretrained: start the backbone from timm's weights.
        options: of the backbone, as timm takes them.

    Raises:
        ValueError: if the backbone has no features that a U-Net could use.
    """
    side = image_size + sum(_margins(image_size))
    if _has_one_scale(timm_name):
        backbone = timm.create_model(
            timm_name,
            pretrained=pretrained,
            features_only=True,
            in_chans=channels,
            img_size=side,
            out_indices=_quarters(timm_name),
            **options,
        )
        return UNet(OneScaleEncoder(backbone, channels, backbone.feature_info.channels()[-1]), classes)
    weights = True if pretrained else None
    return UNet(get_encoder(f"tu-{timm_name}", in_channels=channels, weights=weights, **options), classes)


def _has_one_scale(timm_name: str) -> bool:
    """Whether all features of a backbone have a stride of 16."""
    with torch.device("meta"):
        strides = timm.create_model(timm_name, features_only=True).feature_info.reduction()
    return set(strides) == {16}


def _quarters(timm_name: str) -> tuple[int, ...]:
    """The last block of each quarter of a backbone."""
    with torch.device("meta"):
        blocks = len(timm.create_model(timm_name).blocks)
    return tuple(ends_of_quarters(blocks))


def _margins(side: int) -> list[int]:
    """Pixels to add before and after a side."""
    lacking = -side % LARGEST_STRIDE
    return [lacking // 2, lacking - lacking // 2]
