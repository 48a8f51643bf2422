"""Models by the timm name of their backbone, with any number of input channels: classifiers and U-Nets."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import timm
import torch
from torch import nn

from reben.core.errors import RecipeError
from reben.learn.backbones.model import build_backbone, build_backbone_maps
from reben.learn.backbones.row import Pool
from reben.learn.backbones.table import find_backbone
from reben.learn.tasks import DEFAULT_TASK, task_of

_ROW_AXES, _MAP_AXES = 2, 4


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
    task: str = DEFAULT_TASK
    """What the model was made for; decides its head."""
    backbone: str = ""
    """Row of the table of backbones, if it is one; the model then takes images as they are stored."""
    pool: str = Pool.authors
    """How a backbone's vectors are made."""

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Of the logits of one image."""
        return task_of(self.task).output_shape(self.classes, self.image_size)


@dataclass(frozen=True, slots=True)
class PretrainedWeights:
    """Weights that timm's authors trained, on this machine."""

    name: str
    """timm's name with the tag, such as resnet50.a1_in1k."""
    file: Path
    """Safetensors file."""


def build_model(architecture: Architecture, *, pretrained: PretrainedWeights | None = None) -> nn.Module:
    """A model that maps (B, channels, side, side) to logits, see `Architecture.task`.

    Args:
        architecture: what to build.
        pretrained: timm's weights to start from; None for random ones.

    Raises:
        RecipeError: if timm has no such model, or it cannot be built for these images.
    """
    if architecture.backbone:
        return _backbone(architecture)
    name = architecture.timm_name
    if not timm.is_model(name):
        similar = difflib.get_close_matches(name, timm.list_models(), n=5)
        raise RecipeError(
            f"timm {timm.__version__} has no model {name!r}",
            hint=f"did you mean {', '.join(similar)}?" if similar else "see timm.list_models() for all names",
        )
    for build in _ways(architecture, pretrained):
        try:
            model = _without_refused(build, dropout=architecture.dropout, drop_path=architecture.drop_path)
            _expect_logits(model, architecture)
        except (RuntimeError, ValueError, AssertionError, TypeError, AttributeError, ZeroDivisionError) as error:
            reason = error
        else:
            return model
    raise RecipeError(
        f"{name} cannot be built for {architecture.channels} channels of {architecture.image_size} pixels ({reason})",
        hint="choose a model that takes images of this size",
    ) from reason


def _backbone(architecture: Architecture) -> nn.Module:
    """A backbone with a head and random weights.

    Raises:
        RecipeError: if backbones have no head for the task.
        BackboneError: if there is no such backbone, or it takes other bands.
    """
    row = find_backbone(architecture.backbone)
    if wants_maps(architecture.task, architecture.output_shape):
        return build_backbone_maps(row.for_maps(), classes=architecture.classes)
    return build_backbone(row, classes=architecture.classes, pool=Pool(architecture.pool), dropout=architecture.dropout)


def wants_maps(task: str, output_shape: tuple[int, ...]) -> bool:
    """Whether a task wants outputs for each pixel of an image, and not for the image.

    Raises:
        RecipeError: if it wants what backbones have no head for.
    """
    if len(output_shape) not in {_ROW_AXES, _MAP_AXES}:
        raise RecipeError(
            f"backbones cannot be trained for {task}, which wants neither a row of outputs per patch nor one per pixel",
            hint="use --model with a timm name",
        )
    return len(output_shape) == _MAP_AXES


def _ways(architecture: Architecture, pretrained: PretrainedWeights | None) -> list[Callable[..., nn.Module]]:
    """How the model may be built, the best way first; each takes options of timm."""
    name = architecture.timm_name if pretrained is None else pretrained.name
    weights: dict[str, Any] = {"pretrained": False}
    if pretrained is not None:
        weights = {"pretrained": True, "pretrained_cfg_overlay": {"file": str(pretrained.file)}}
    return task_of(architecture.task).builders(
        name,
        channels=architecture.channels,
        outputs=architecture.classes,
        image_size=architecture.image_size,
        weights=weights,
    )


@torch.no_grad()
def _expect_logits(model: nn.Module, architecture: Architecture) -> None:
    """Try the model on one empty image: some models complain only then.

    Raises:
        ValueError: if the result has another shape.
    """
    training = model.training
    size = architecture.image_size
    shape = tuple(model.eval()(torch.zeros(1, architecture.channels, size, size)).shape)
    model.train(training)
    if shape != architecture.output_shape:
        raise ValueError(f"gives {shape} instead of {architecture.output_shape}")


def _without_refused(build: Callable[..., nn.Module], *, dropout: float, drop_path: float) -> nn.Module:
    """Build the model; where it takes no dropout or no stochastic depth, build it without."""
    options = {"drop_rate": dropout, "drop_path_rate": drop_path}
    while True:
        try:
            return build(**options)
        except TypeError as error:
            refused = next((option for option in options if f"'{option}'" in str(error)), None)
            if refused is None:
                raise
            del options[refused]
