"""Run as a program, in a process of its own: the tensors of a pickled file as safetensors. Arguments: SOURCE TARGET.

torch reads the file with `weights_only=True`, which makes tensors and plain containers only and calls nothing that the
file names. Should that have a hole, what comes through is in this process, which has nothing else to do.
"""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

_WRAPPERS = ("state_dict", "model", "teacher", "encoder")
"""Under which some files have all their tensors."""
_EXPECTED = 3


def tensors_in(value: Any, name: str = "") -> Iterator[tuple[str, torch.Tensor]]:  # noqa: ANN401 - what a file holds
    """Tensors of nested dictionaries, by the names that lead to them, joined by dots.

    >>> [name for name, _ in tensors_in({"a": {"w": torch.zeros(1)}, "epoch": 3})]
    ['a.w']
    """
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from tensors_in(below, f"{name}.{key}" if name else str(key))


def unwrapped(value: Any) -> Any:  # noqa: ANN401 - as above
    """What lies below the names under which training programs keep weights beside their own state."""
    while isinstance(value, Mapping):
        found = next((key for key in _WRAPPERS if isinstance(value.get(key), Mapping)), None)
        if found is None:
            break
        value = value[found]
    return value


def convert(source: Path, target: Path) -> None:
    """Write the tensors of a pickled file as safetensors.

    Raises:
        ValueError: if it holds none.
    """
    loaded = torch.load(source, map_location="cpu", weights_only=True)
    # Copies: what shares memory in the file must not in a safetensors file.
    tensors = {name: tensor.detach().clone().contiguous() for name, tensor in tensors_in(unwrapped(loaded))}
    if not tensors:
        raise ValueError("it holds no tensors")
    save_file(tensors, target)


if __name__ == "__main__":
    if len(sys.argv) != _EXPECTED:
        sys.exit(f"usage: {sys.argv[0]} SOURCE TARGET")
    try:
        convert(Path(sys.argv[1]), Path(sys.argv[2]))
    except Exception as error:  # noqa: BLE001 - torch's complaints about hostile files are of any type
        sys.exit(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
