"""From features of several depths to a class for each pixel: what stands behind a U-Net's or a backbone's encoder.

Source: decoder of segmentation-models-pytorch, after Ronneberger et al., U-Net, MICCAI 2015. Features of one scale, as
those of plain vision transformers, get their scales as in UNETR (Hatamizadeh et al., WACV 2022): by transposed
convolutions.
"""

import math
from collections.abc import Sequence

import torch
from segmentation_models_pytorch.base import SegmentationHead
from segmentation_models_pytorch.decoders.unet.decoder import UnetDecoder
from torch import nn

DECODER_CHANNELS = (256, 128, 64, 32, 16)
"""At strides 16 to 1."""
ONE_SCALE_WIDTHS = (64, 128, 256)
"""Channels at strides 2, 4 and 8 of features that have a stride of 16."""


def ends_of_quarters(blocks: int) -> list[int]:
    """Numbers of the blocks that end the quarters of a network.

    >>> ends_of_quarters(12)
    [2, 5, 8, 11]
    """
    return sorted({blocks * quarter // 4 - 1 for quarter in range(1, 5)} - {-1})


def upsamplings(channels: int) -> nn.ModuleList:
    """What makes features of strides 2, 4 and 8 of those of stride 16 with so many channels."""
    return nn.ModuleList(
        _upsampling(channels, width, doublings) for width, doublings in zip(ONE_SCALE_WIDTHS, (3, 2, 1), strict=True)
    )


def four_scales(made: nn.ModuleList, maps: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Maps of strides 2, 4, 8 and 16 of four maps of stride 16.

    Args:
        made: what `upsamplings` gave.
        maps: shape (B, channels, side, side) each, shallow first.
    """
    *shallow, deep = maps
    return [*(up(taken) for up, taken in zip(made, shallow, strict=True)), deep]


class MapDecoder(nn.Module):
    """Maps of several depths to logits of pixels, shape (B, classes, side, side).

    Args:
        maps: channels and side of each map, shallow first; sides are all the same, or halved from some to the next.
        side: pixels along one side of the images that the features are of.
        classes: number of classes.

    Raises:
        ValueError: if sides are neither of both, or features are of the size of the images only.
    """

    def __init__(self, maps: Sequence[tuple[int, int]], side: int, classes: int) -> None:
        super().__init__()
        sides = {own for _, own in maps}
        if side in sides and len(sides) == 1:
            raise ValueError(f"features of every pixel of {side} have no scales to be decoded")
        self.upsampling = upsamplings(maps[-1][0]) if len(sides) == 1 else None
        self._chosen: list[int | None]
        if self.upsampling is not None:
            self._chosen = [round(number * (len(maps) - 1) / 3) for number in range(4)]
            channels = [*ONE_SCALE_WIDTHS, maps[-1][0]]
        else:
            self._chosen = _by_stride(maps, side)
            channels = [0 if number is None else maps[number][0] for number in self._chosen]
        depth = len(channels)
        self.decoder = UnetDecoder([0, *channels], DECODER_CHANNELS[-depth:], n_blocks=depth)
        self.head = SegmentationHead(DECODER_CHANNELS[-1], classes)

    def forward(self, maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """Logits; of maps of one side, on a side 16 times as long."""
        scales = [None if number is None else maps[number] for number in self._chosen]
        if self.upsampling is not None:
            scales = [*four_scales(self.upsampling, [taken for taken in scales if taken is not None])]
        logits: torch.Tensor = self.head(self.decoder(_with_nothing(scales)))
        return logits


def _by_stride(maps: Sequence[tuple[int, int]], side: int) -> list[int | None]:
    """Number of the deepest map of stride 2, 4 ...; None where there is none.

    Raises:
        ValueError: if sides are not halved.
    """
    found: dict[int, int] = {}
    for number, (_, own) in enumerate(maps):
        stride = math.log2(side / own)
        if not stride.is_integer() or not 0 <= stride <= len(DECODER_CHANNELS):
            raise ValueError(f"features of {own} pixels of an image of {side} pixels cannot be decoded")
        if stride:
            found[int(stride)] = number
    return [found.get(stride) for stride in range(1, max(found) + 1)]


def _with_nothing(scales: Sequence[torch.Tensor | None]) -> list[torch.Tensor]:
    """Maps of stride 1, 2, 4 ...: without channels where there is none, since the decoder asks for their sides."""
    deepest = scales[-1]
    if deepest is None:
        raise ValueError("the deepest map is missing")
    side = deepest.shape[-1] << len(scales)
    shapes = [(len(deepest), 0, side >> level, side >> level) for level in range(len(scales) + 1)]
    filled = [None, *scales]
    return [deepest.new_empty(shape) if taken is None else taken for taken, shape in zip(filled, shapes, strict=True)]


def _upsampling(channels: int, width: int, doublings: int) -> nn.Sequential:
    """Doubles the side so many times, ending with `width` channels."""
    layers: list[nn.Module] = []
    for number in range(doublings):
        layers += [
            nn.ConvTranspose2d(channels if number == 0 else width, width, kernel_size=2, stride=2),
            nn.BatchNorm2d(width),
            nn.ReLU(inplace=True),
        ]
    return nn.Sequential(*layers)
