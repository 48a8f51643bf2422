"""Image classifiers by their timm name, with any number of input channels."""

import difflib
from dataclasses import dataclass
from typing import Any

import timm
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
    options: dict[str, Any] = {"drop_rate": architecture.dropout, "drop_path_rate": architecture.drop_path}
    known = timm.get_pretrained_cfg(name)
    if known is not None and known.fixed_input_size:
        options["img_size"] = architecture.image_size
    try:
        return _create(architecture, options)
    except (RuntimeError, ValueError, AssertionError, TypeError) as error:
        raise RecipeError(
            f"{name} cannot be built for {architecture.channels} channels of {architecture.image_size} pixels ({error})"
        ) from error


def _create(architecture: Architecture, options: dict[str, Any]) -> nn.Module:
    """Build the model; where it takes no dropout or no stochastic depth, build it without."""
    required: dict[str, Any] = {"in_chans": architecture.channels, "num_classes": architecture.classes}
    try:
        model: nn.Module = timm.create_model(architecture.timm_name, pretrained=False, **required, **options)
    except TypeError as error:
        refused = next((option for option in options if f"'{option}'" in str(error)), None)
        if refused is None:
            raise
        return _create(architecture, {name: value for name, value in options.items() if name != refused})
    return model
