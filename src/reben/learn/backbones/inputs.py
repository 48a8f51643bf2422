"""Network inputs from stored values, as a row of the table says; on any device."""

import torch
from torch import nn
from torch.nn.functional import interpolate, pad

from reben.core.errors import BackboneError
from reben.learn.backbones.row import Backbone


class Inputs(nn.Module):
    """Makes what a network is fed of images as they are stored.

    Args:
        row: says how.
    """

    mean: torch.Tensor
    std: torch.Tensor
    gain: torch.Tensor
    offset: torch.Tensor

    def __init__(self, row: Backbone) -> None:
        super().__init__()
        self.row = row
        for name in ("mean", "std", "gain", "offset"):
            numbers = torch.tensor(getattr(row.values, name), dtype=torch.float32).view(-1, 1, 1)
            self.register_buffer(name, numbers, persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Inputs of the network, float32, shape (B, channels, side, side).

        Args:
            images: stored values at 10 m, shape (B, bands, H, W), in the order of the row's bands.

        Raises:
            BackboneError: if there are more or fewer bands.
        """
        if images.shape[1] != len(self.row.bands):
            raise BackboneError(
                f"images of {images.shape[1]} bands; {self.row.name} takes {', '.join(self.row.bands)}",
                hint="give the bands of the row, in its order",
            )
        values = self._limited(self._with_missing(images.float()))
        # The order of these steps and of the two divisions is that of torchvision, so that rounding is the same.
        return self._padded(self._cropped(self._resized(values)).sub(self.mean).div(self.std))

    def _with_missing(self, images: torch.Tensor) -> torch.Tensor:
        """Images with a constant for each channel that reBEN lacks."""
        row = self.row
        if not row.missing:
            return images
        known = dict(zip(row.bands, images.unbind(1), strict=True))
        first = images[:, 0]
        return torch.stack(
            [known[name] if name in known else torch.full_like(first, row.missing[name]) for name in row.channels], 1
        )

    def _limited(self, images: torch.Tensor) -> torch.Tensor:
        """Values in the unit of the network: scaled, limited, cut to whole numbers, as far as the row says so."""
        values = self.row.values
        if values.gain != (1.0,) or values.offset != (0.0,):
            images = images * self.gain + self.offset
        if values.limits is not None:
            images = images.clamp(*values.limits)
        return images.trunc() if values.whole else images

    def _resized(self, images: torch.Tensor) -> torch.Tensor:
        size = self.row.resize_px
        if size is None or images.shape[-1] == size:
            return images
        return interpolate(images, size=(size, size), mode="bilinear", align_corners=False, antialias=True)

    def _cropped(self, images: torch.Tensor) -> torch.Tensor:
        side = self.row.crop_px
        if side is None or images.shape[-1] == side:
            return images
        first = round((images.shape[-1] - side) / 2)
        return images[..., first : first + side, first : first + side]

    def _padded(self, images: torch.Tensor) -> torch.Tensor:
        first = self.margin_px(images.shape[-1])
        rest = -images.shape[-1] % self.row.side_multiple - first
        return pad(images, (first, rest, first, rest), mode="replicate") if first or rest else images

    def margin_px(self, side: int) -> int:
        """Pixels that are added left and above of images of this side."""
        return -side % self.row.side_multiple // 2
