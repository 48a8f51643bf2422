"""A stand-in for an encoder of another package that was built for other images than its row says."""

from dataclasses import replace

from reben.learn.backbones.encoder import TimmEncoder, timm_encoder
from reben.learn.backbones.row import Backbone


def of_full_size(row: Backbone) -> TimmEncoder:
    """A network for images of 96 pixels."""
    return timm_encoder(replace(row, crop_px=96))
