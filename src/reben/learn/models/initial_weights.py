"""Where a training may start from instead of random weights: timm's pretrained weights, a run, or weights on the hub.

The first layer and the last one are fitted to the new data:

- timm widens or narrows the first layer for another number of channels than three by repeating its weights and scaling
  them (`timm.models.adapt_input_conv`). From a run, the weights of bands that both have are copied, and those of other
  bands start from the mean over the bands of the run; all are scaled by the ratio of the numbers of channels if bands
  were added or left out.
- Of the last layer, the rows of classes with the same name are copied; all others start at random.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import timm
import torch
from torch import nn

from reben.core.errors import RecipeError
from reben.learn.models.architectures import PretrainedWeights
from reben.learn.models.heads import head_modules
from reben.learn.models.hub import WEIGHTS_FILE, fetch
from reben.learn.models.trained_model import TrainedModel
from reben.learn.models.weights import load_model
from reben.learn.tasks.unet import UNet
from reben.net.hub import HubName

_MOST_UNMATCHED = 0.1
"""Share of a backbone's tensors that may be without a counterpart when the task differs."""


@dataclass(frozen=True, slots=True)
class Start:
    """Weights to start from: timm's or those of a model."""

    timm_name: str
    """Architecture that they are of, without a tag."""
    description: str
    """What they are, for people."""
    pretrained: PretrainedWeights | None = None
    source: TrainedModel | None = None


def find_start(init: str | os.PathLike[str]) -> Start:
    """What `--init` names: a run directory, `owner/name` on the hub, or a timm name such as resnet50.a1_in1k.

    Raises:
        RecipeError: if it is none of these, or timm has no pretrained weights for it.
        RunError: if the model is damaged.
        HubError: if the hub cannot be reached, or does not have the model.
    """
    name = str(init)
    if not Path(name).exists() and timm.is_model(name):
        return pretrained_start(name)
    if not Path(name).exists() and "/" not in name:
        raise RecipeError(
            f"init = {name!r} is neither a folder nor a timm model",
            hint="give a run directory, owner/name on the Hugging Face hub, or a timm name such as resnet50.a1_in1k",
        )
    source = load_model(name)
    return Start(source.architecture.timm_name, f"the model {name}", source=source)


def pretrained_start(timm_name: str) -> Start:
    """Timm's pretrained weights of an architecture, fetched from the hub; with the default tag where none is given.

    Raises:
        RecipeError: if timm has none of this name, or only as a pickle.
        HubError: if the hub cannot be reached and has not been before.
    """
    full_name = _name_of_weights(timm_name)
    repository = timm.get_pretrained_cfg(full_name).hf_hub_id
    if not repository:
        raise RecipeError(f"timm's weights {full_name} are not on the Hugging Face hub", hint="choose another tag")
    file = fetch(HubName.parse(repository), WEIGHTS_FILE)
    return Start(
        full_name.partition(".")[0], f"timm's weights {full_name}", pretrained=PretrainedWeights(full_name, file)
    )


def _name_of_weights(timm_name: str) -> str:
    """The full name of timm's pretrained weights, with the default tag where none is given.

    Raises:
        RecipeError: if timm has none of this name.
    """
    architecture, _, tag = timm_name.partition(".")
    tags = [name.partition(".")[2] for name in timm.list_pretrained(f"{architecture}.*")]
    known = timm.get_pretrained_cfg(architecture)
    chosen = tag or (known.tag if known is not None else "")
    if chosen not in tags:
        raise RecipeError(
            f"timm {timm.__version__} has no pretrained weights {timm_name!r}",
            hint=f"for {architecture} it has {', '.join(tags)}" if tags else f"there are none for {architecture}",
        )
    return f"{architecture}.{chosen}" if chosen else architecture


def copy_weights(source: TrainedModel, target: TrainedModel) -> str:
    """Start `target` from the weights of `source`; what was fitted, in words.

    Args:
        source: of the same timm architecture, and of the same task or the other one.
        target: gets the weights.

    Raises:
        RecipeError: if the architectures differ.
    """
    if source.architecture.timm_name != target.architecture.timm_name:
        raise RecipeError(
            f"the weights to start from are of {source.architecture.timm_name}; the model is "
            f"{target.architecture.timm_name}",
            hint="leave --model out, or start from weights of that architecture",
        )
    weights, fresh = _matched(source, target), target.model.state_dict()
    notes = []
    first = _first_layer(target.model, target.architecture.channels)
    if first in weights and source.bands != target.bands:
        weights[first] = fit_first_layer(weights[first], source.bands, target.bands)
        notes.append("first layer fitted to the bands")
    for name in _head_tensors(target):
        shared = [label for label in target.class_names if label in source.class_names]
        known = weights.get(name)
        weights[name] = fit_head(known, fresh[name], source.class_names, target.class_names)
        if source.class_names != target.class_names or known is None:
            kept = len(shared) if known is not None else 0
            notes.append(f"{kept} of {len(target.class_names)} classes of the last layer kept")
    misfits = [name for name, tensor in weights.items() if tensor.shape != fresh[name].shape]
    if misfits:
        raise RecipeError(
            f"{misfits[0]} has shape {tuple(weights[misfits[0]].shape)} in the weights to start from; "
            f"expected {tuple(fresh[misfits[0]].shape)}",
            hint="use images of the size that the weights were trained on",
        )
    target.model.load_state_dict({**fresh, **weights})
    return "; ".join(dict.fromkeys(notes)) or "all layers kept"


def fit_first_layer(weights: torch.Tensor, known: tuple[str, ...], wanted: tuple[str, ...]) -> torch.Tensor:
    """Weights of a first layer for other bands.

    Args:
        weights: shape (outputs, known bands, ...).
        known: bands that the weights are of.
        wanted: bands of the new model.
    """
    mean = weights.mean(dim=1)
    fitted = torch.stack([weights[:, known.index(band)] if band in known else mean for band in wanted], dim=1)
    return fitted if set(known) == set(wanted) else fitted * (len(known) / len(wanted))


def fit_head(
    weights: torch.Tensor | None, fresh: torch.Tensor, known: tuple[str, ...], wanted: tuple[str, ...]
) -> torch.Tensor:
    """Rows of a last layer for other classes: those of classes with the same name, else fresh ones.

    Args:
        weights: shape (known classes, ...); None if there are none for this layer.
        fresh: random weights, shape (wanted classes, ...).
        known: classes that the weights are of.
        wanted: classes of the new model.
    """
    fitted = fresh.clone()
    if weights is not None and weights.shape[1:] == fresh.shape[1:]:
        for row, label in enumerate(wanted):
            if label in known:
                fitted[row] = weights[known.index(label)]
    return fitted


def _head_tensors(trained: TrainedModel) -> list[str]:
    """Names of the weights with a row per class."""
    parts = [trained.model.head] if isinstance(trained.model, UNet) else head_modules(trained.model)
    own = {id(tensor) for part in parts for tensor in part.state_dict(keep_vars=True).values()}
    tensors = trained.model.state_dict(keep_vars=True)
    return [
        name
        for name, tensor in tensors.items()
        if id(tensor) in own and tensor.ndim and tensor.shape[0] == len(trained.class_names)
    ]


def _first_layer(model: nn.Module, channels: int) -> str | None:
    """Name of the weights that see the bands: of the first convolution, or linear layer, with as many inputs."""
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d) and module.in_channels == channels and module.groups == 1:
            return f"{name}.weight"
    return None


def _matched(source: TrainedModel, target: TrainedModel) -> dict[str, torch.Tensor]:
    """Weights of the source by the target's names.

    Raises:
        RecipeError: if the tasks differ, and their backbones have too little in common.
    """
    weights, wanted = source.model.state_dict(), target.model.state_dict()
    if source.architecture.task == target.architecture.task:
        return {name: tensor.clone() for name, tensor in weights.items() if name in wanted}
    known = {_core_name(name): tensor for name, tensor in weights.items()}
    backbone = [name for name in wanted if not name.startswith(("decoder.", "head.", "encoder.upsampling."))]
    matched = {name: known[_core_name(name)].clone() for name in backbone if _core_name(name) in known}
    if len(matched) < (1 - _MOST_UNMATCHED) * len(backbone):
        raise RecipeError(
            f"a model for {target.architecture.task} cannot start from {source.architecture.timm_name} for "
            f"{source.architecture.task}: {len(matched)} of {len(backbone)} tensors of the backbone match",
            hint="start from weights of the same task, or from timm's",
        )
    return matched


def _core_name(name: str) -> str:
    """A tensor's name without what the two tasks call differently."""
    for prefix in ("encoder.model.", "encoder.backbone."):
        name = name.removeprefix(prefix)
    return name.replace("_", ".")
