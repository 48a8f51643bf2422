"""Images from raw pixels, on whatever device they are: the same arithmetic as in `images`, bit for bit on the CPU."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from reben.core.bands import Band
from reben.data.native_resolution import SensorLayout, image_side_px
from reben.data.normalisation import PUBLISHED_STATISTICS, Statistics, normalisation


class ImageTransform(nn.Module):
    """Upsamples, normalises and flips native batches.

    Moving raw pixels to a GPU takes less than half the bytes of moving images, and the GPU makes the images in passing.

    Args:
        layouts: of the sensors.
        bands: channels of the images.
        statistics: means and standard deviations.
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(
        self,
        layouts: Sequence[SensorLayout],
        bands: Sequence[Band],
        statistics: Statistics | None = PUBLISHED_STATISTICS,
    ) -> None:
        super().__init__()
        self._layouts = tuple(layouts)
        self._side_px = image_side_px(layouts)
        chosen = normalisation([band.name for band in bands], statistics)
        self.register_buffer("mean", torch.from_numpy(chosen.mean), persistent=False)
        self.register_buffer("scale", torch.from_numpy(chosen.scale), persistent=False)

    def forward(self, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Images, float32, shape (B, C, H, W).

        Args:
            batch: per sensor raw pixels, shape (B, n); `flips`: bool, shape (B, 2), horizontal and vertical.
        """
        flips = batch["flips"]
        side = self._side_px
        images = torch.empty(len(flips), len(self.mean), side, side, device=flips.device)
        for layout in self._layouts:
            raw = batch[layout.sensor]
            for channel, offset, band_side in zip(
                layout.channels.tolist(), layout.offsets.tolist(), layout.sides.tolist(), strict=True
            ):
                pixels = raw[:, offset : offset + band_side**2].view(-1, band_side, band_side)  # (B, h, w)
                values = flip((pixels.float() - self.mean[channel]) * self.scale[channel], flips)
                factor = side // band_side
                if factor > 1:
                    values = values.repeat_interleave(factor, 1).repeat_interleave(factor, 2)
                images[:, channel] = values
        return images


def flip(images: torch.Tensor, flips: torch.Tensor) -> torch.Tensor:
    """Each image flipped as it says.

    Args:
        images: shape (B, ..., H, W).
        flips: bool, shape (B, 2), horizontal and vertical.
    """
    for axis, chosen in ((-1, flips[:, 0]), (-2, flips[:, 1])):
        images = torch.where(chosen.view(-1, *[1] * (images.ndim - 1)), images.flip(axis), images)
    return images
