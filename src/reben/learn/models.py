"""Image classifiers by their timm name, with any number of input channels."""

import difflib
from dataclasses import dataclass
from typing import Any

import timm
import torch
from torch import nn

from reben.core.errors import RecipeError


@dataclass(frozen=True, slots=True)
class Architecture:
    """What decides the shape of a model's weights."""

    timm_name: str
    channels: int
    classes: int
    image_size: int
    """Pixels along one side of an image."""
    dropout: float
    drop_path: float


def build_model(architecture: Architecture) -> nn.Module:
    """A model with fresh weights that maps (B, channels, side, side) to logits (B, classes).

    Raises:
        RecipeError: if timm has no such model, or it cannot be built for these images.
    """
    name = architecture.timm_name
    if not timm.is_model(name):
        similar = difflib.get_close_matches(name, timm.list_models(), n=5)
        raise RecipeError(
            f"timm {timm.__version__} has no model {name!r}",
            hint=f"did you mean {', '.join(similar)}?" if similar else "see timm.list_models() for all names",
        )
    known = timm.get_pretrained_cfg(name)
    ways: tuple[dict[str, Any], ...] = ({},)
    if known is not None and known.fixed_input_size:
        size = {"img_size": architecture.image_size}
        ways = (size, size | {"dynamic_img_size": True, "dynamic_img_pad": True})
    for options in ways:
        try:
            model = _create(architecture, options)
            _expect_logits(model, architecture)
        except (RuntimeError, ValueError, AssertionError, TypeError, ZeroDivisionError) as error:
            reason = error
        else:
            return model
    raise RecipeError(
        f"{name} cannot be built for {architecture.channels} channels of {architecture.image_size} pixels ({reason})",
        hint="choose a model that takes images of this size",
    ) from reason


@torch.no_grad()
def _expect_logits(model: nn.Module, architecture: Architecture) -> None:
    """Try the model on one empty image: some models complain only then.

    Raises:
        ValueError: if the result has another shape than (1, classes).
    """
    training = model.training
    size = architecture.image_size
    shape = tuple(model.eval()(torch.zeros(1, architecture.channels, size, size)).shape)
    model.train(training)
    if shape != (1, architecture.classes):
        raise ValueError(f"gives {shape} instead of (1, {architecture.classes})")


def _create(architecture: Architecture, options: dict[str, Any]) -> nn.Module:
    """Build the model; where it takes no dropout or no stochastic depth, build it without."""
    regularisation: dict[str, Any] = {"drop_rate": architecture.dropout, "drop_path_rate": architecture.drop_path}
    while True:
        try:
            model: nn.Module = timm.create_model(
                architecture.timm_name,
                pretrained=False,
                in_chans=architecture.channels,
                num_classes=architecture.classes,
                **options,
                **regularisation,
            )
        except TypeError as error:
            refused = next((option for option in regularisation if f"'{option}'" in str(error)), None)
            if refused is None:
                raise
            del regularisation[refused]
        else:
            return model
