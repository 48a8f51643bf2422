"""Checkpoints to resume from, without pickle: tensors as safetensors, everything around them as JSON beside.

Lightning's own checkpoints are pickles, which can run code when they are loaded; these cannot.
"""

import json
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import CheckpointIO
from safetensors import SafetensorError, safe_open

from reben.core.errors import RunError
from reben.learn.models.tensor_files import write_tensors
from reben.work import atomic

_TREE = "tree"
_SCALARS = (str, int, float, bool, type(None))


class SafetensorsCheckpointIO(CheckpointIO):
    """Writes Lightning's state as one safetensors file and reads it again."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:  # noqa: ANN401, ARG002 - Lightning's signature
        """Write `checkpoint` to `path`, whole or not at all.

        Raises:
            TypeError: if it holds anything but tensors, plain numbers, strings, lists, tuples and dicts.
        """
        tensors: dict[str, torch.Tensor] = {}
        tree = _describe(checkpoint, tensors)
        with atomic.new_file(Path(path)) as partial:
            write_tensors(partial, tensors, {_TREE: json.dumps(tree)})

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = None) -> dict[str, Any]:  # noqa: ANN401, ARG002, FBT001 - Lightning's signature
        """Read what `save_checkpoint` wrote; tensors are on the CPU.

        Raises:
            RunError: if the file is missing or damaged.
        """
        try:
            with safe_open(path, framework="pt") as file:
                tree = json.loads((file.metadata() or {})[_TREE])
                state: dict[str, Any] = _restore(tree, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - no dict
        except (OSError, SafetensorError, KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise RunError(
                f"{path}: is not a checkpoint of reben ({error})", hint="train again from the start"
            ) from error
        return state

    def remove_checkpoint(self, path: Any) -> None:  # noqa: ANN401 - Lightning's signature
        """Delete a checkpoint."""
        Path(path).unlink(missing_ok=True)


def _describe(value: object, tensors: dict[str, torch.Tensor]) -> Any:  # noqa: ANN401 - JSON
    """`value` as JSON in which each container says what it is; its tensors go into `tensors`."""
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        tensors[name] = value.detach().cpu().clone().contiguous()
        return {"tensor": name}
    if isinstance(value, dict):
        return {"dict": [[_describe(key, tensors), _describe(item, tensors)] for key, item in value.items()]}
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_describe(item, tensors) for item in value]}
    if isinstance(value, _SCALARS):
        return value
    raise TypeError(f"a checkpoint cannot hold {type(value).__name__}")


def _restore(tree: Any, tensors: dict[str, torch.Tensor]) -> Any:  # noqa: ANN401 - JSON
    """The value that `_describe` described."""
    if not isinstance(tree, dict):
        return tree
    ((kind, content),) = tree.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {_restore(key, tensors): _restore(item, tensors) for key, item in content}
    items = [_restore(item, tensors) for item in content]
    return items if kind == "list" else tuple(items)
