"""Low-rank adapters (LoRA): small matrices beside the layers of a pre-trained network, which alone are trained.

Source: Hu et al., LoRA, ICLR 2022 (arXiv 2106.09685); the layers are those of peft. What is saved of a run are plain
weights with the adapters added to them, so that whatever reads it needs no peft.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from reben.core.errors import MissingExtraError, RecipeError
from reben.learn.models.heads import head_modules

_ADAPTER = re.compile(r"\.lora_[^.]+")
_BASE = ".base_layer."


def add_adapters(model: nn.Module, rank: int, images: torch.Tensor) -> list[str]:
    """Put adapters beside the layers of a model, in place, and leave nothing else to be trained but its head.

    They stand beside linear layers and, in networks that have none, convolutions; never in the head. Layers whose
    weights a network uses without calling the layer would get adapters without effect, and are left alone.

    Args:
        model: a classifier, U-Net or backbone; its outputs stay as they are at first.
        rank: of the product that is added to a layer's weights; its factor is 1 (peft: `lora_alpha` equals `r`).
        images: what the model is tried on, shape (B, C, H, W).

    Returns:
        names of the layers that got adapters.

    Raises:
        MissingExtraError: if peft is not installed.
        RecipeError: if the model has no such layer.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError.needed("--adapter-rank", "peft", "adapters") from error
    names = adaptable_layers(model, images)
    if not names:
        raise RecipeError(
            f"{type(model).__name__} has no layer for adapters beside its head", hint="leave --adapter-rank out"
        )
    every = "|".join(map(re.escape, names))
    inject_adapter_in_model(LoraConfig(r=rank, lora_alpha=rank, target_modules=every), model)
    for module in head_modules(model):
        module.requires_grad_(requires_grad=True)
    return names


@torch.no_grad()
def adaptable_layers(model: nn.Module, images: torch.Tensor) -> list[str]:
    """Names of the layers that adapters can stand beside: those that the model calls when it sees images."""
    head = {id(part) for module in head_modules(model) for part in module.modules()}
    layers = {
        name: module
        for name, module in model.named_modules()
        if id(module) not in head and (type(module) is nn.Linear or _is_dense_convolution(module))
    }
    called = _called(model, layers.values(), images)
    names = [name for name, module in layers.items() if id(module) in called]
    linear = [name for name in names if isinstance(layers[name], nn.Linear)]
    return linear or names


def _is_dense_convolution(module: nn.Module) -> bool:
    return type(module) is nn.Conv2d and module.groups == 1


def _called(model: nn.Module, layers: Iterable[nn.Module], images: torch.Tensor) -> set[int]:
    """Ids of those layers that are called for images."""
    called: set[int] = set()
    handles = [layer.register_forward_hook(lambda layer, *_: called.add(id(layer))) for layer in layers]
    training = model.training
    try:
        model.eval()(images)
    finally:
        model.train(training)
        for handle in handles:
            handle.remove()
    return called


def has_adapters(model: nn.Module) -> bool:
    """Whether a model has adapters."""
    return any(_ADAPTER.search(name) for name, _ in model.named_modules())


def adapter_modules(model: nn.Module) -> list[nn.Module]:
    """The adapters of a model, without the layers beside which they stand."""
    return [
        module
        for name, module in model.named_modules()
        if (found := _ADAPTER.search(name)) and found.end() == len(name)
    ]


@torch.no_grad()
def plain_state(model: nn.Module) -> Mapping[str, torch.Tensor]:
    """Weights of a model under the names that it had before it got adapters, which are added to them."""
    if not has_adapters(model):
        return model.state_dict()
    from peft.tuners.lora import LoraLayer  # noqa: PLC0415 - an extra

    state = {
        name.replace(_BASE, "."): tensor for name, tensor in model.state_dict().items() if not _ADAPTER.search(name)
    }
    for name, module in model.named_modules():
        if isinstance(module, LoraLayer):
            weight = state[f"{name}.weight"]
            layer: Any = module  # each kind of layer has a method of its own
            change = layer.get_delta_weight(layer.active_adapters[0])
            state[f"{name}.weight"] = weight + change.to(weight.dtype)
    return state
