"""A backbone that gives a class for each pixel: features of several depths behind the decoder of a U-Net."""

import torch
from torch.nn.functional import interpolate

from reben.learn.backbones.encoder import Encoder
from reben.learn.backbones.row import Backbone
from reben.learn.backbones.tunable import Tunable
from reben.learn.tasks.map_decoder import MapDecoder


class BackboneMaps(Tunable):
    """Maps stored values (B, bands, H, W) to logits (B, classes, H, W).

    Args:
        row: what it is, as `Backbone.for_maps` makes it.
        encoder: the network.
        classes: their number.

    Raises:
        BackboneError: if the network cannot take the row's images, or has no features that a decoder could use.
    """

    def __init__(self, row: Backbone, encoder: Encoder, *, classes: int) -> None:
        super().__init__(row, encoder)
        self.head = self._decoder(classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits of every pixel."""
        height, width = images.shape[-2:]
        fed = self.inputs(images)
        logits: torch.Tensor = self.head(self.encoder.depths(fed))
        margin = self.inputs.margin_px(height)
        resized = fed.shape[-2:] if margin else (height, width)
        if logits.shape[-2:] != resized:
            logits = interpolate(logits, size=resized, mode="bilinear", align_corners=False)
        return logits[..., margin : margin + height, margin : margin + width]

    @torch.no_grad()
    def _decoder(self, classes: int) -> MapDecoder:
        """A decoder for the features that the network has, found with an empty image."""
        training = self.encoder.training
        self.encoder.eval()
        try:
            fed = self.inputs(self.empty_images())
            depths = [(taken.shape[1], taken.shape[-1]) for taken in self.encoder.depths(fed)]
            decoder = MapDecoder(depths, fed.shape[-1], classes)
        except (RuntimeError, AssertionError, IndexError, ValueError) as error:
            raise self.misfit(error) from error
        self.encoder.train(training)
        return decoder
