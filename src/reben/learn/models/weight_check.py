"""Whether weights fit an architecture, told from the header of their file: before memory is filled with either.

`config.json` may come from a stranger and name a model of a billion weights, beside a small `model.safetensors`.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from reben.learn.models.architectures import Architecture, build_model

_SHOWN = 3

Shapes = dict[str, tuple[int, ...]]


def misfit(architecture: Architecture, path: Path, *, prefix: str) -> str:
    """Why the weights in a file cannot be those of a model; empty if they can, or if nothing can be told.

    Args:
        architecture: what the model would be.
        path: safetensors file.
        prefix: what its names have before those of the model, if anything.
    """
    try:
        stored = {name.removeprefix(prefix): shape for name, shape in _shapes_in(path).items()}
    except (OSError, SafetensorError):
        return ""  # reading says it better
    needed = _shapes_of(architecture)
    if not needed or stored == needed:
        return ""
    return "; ".join(_differences(stored, needed)[:_SHOWN])


def _shapes_in(path: Path) -> Shapes:
    with safe_open(path, framework="pt") as file:
        return {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 - no dict


def _shapes_of(architecture: Architecture) -> Shapes:
    """Shapes of all weights, from a model without memory; nothing if it cannot be built in that way."""
    try:
        with torch.device("meta"):
            return {name: tuple(tensor.shape) for name, tensor in build_model(architecture).state_dict().items()}
    except Exception:  # noqa: BLE001 - any model of timm may do anything; building it in earnest says what is wrong
        return {}


def _differences(stored: Shapes, needed: Shapes) -> list[str]:
    missing = [f"{name} is missing" for name in needed.keys() - stored.keys()]
    further = [f"{name} is not part of it" for name in stored.keys() - needed.keys()]
    other = [
        f"{name} has shape {list(stored[name])} instead of {list(needed[name])}"
        for name in stored.keys() & needed.keys()
        if stored[name] != needed[name]
    ]
    return [*sorted(other), *sorted(missing), *sorted(further)]
