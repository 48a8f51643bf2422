"""What backbones with a head of any kind have in common."""

import torch
from torch import nn

from reben.core.errors import BackboneError
from reben.learn.backbones.encoder import PATCH_PX, Encoder
from reben.learn.backbones.inputs import Inputs
from reben.learn.backbones.row import Backbone


class Tunable(nn.Module):
    """A network with the way of its images into it, and a head; takes images as they are stored.

    It answers to timm's name `get_classifier`, as whatever tunes models expects.

    Args:
        row: what it is.
        encoder: the network.
    """

    head: nn.Module

    def __init__(self, row: Backbone, encoder: Encoder) -> None:
        super().__init__()
        self.row = row
        self.inputs = Inputs(row)
        self.encoder = encoder

    def get_classifier(self) -> nn.Module:
        """The head."""
        return self.head

    def empty_images(self) -> torch.Tensor:
        """One image of zeros where the network is, shape (1, bands, side, side), to try the network on."""
        parameter = next(self.encoder.parameters(), torch.empty(0))
        self.inputs.to(parameter.device)
        return torch.zeros(1, len(self.row.bands), PATCH_PX, PATCH_PX, device=parameter.device)

    def misfit(self, error: Exception) -> BackboneError:
        """The error for a network that cannot take the row's images."""
        row = self.row
        return BackboneError(
            f"{row.name}: {row.architecture} cannot take images of {len(row.channels)} bands and "
            f"{row.side_px or PATCH_PX} pixels ({error})"
        )
