"""Tensors on disk: safetensors only, because loading a pickle can run code."""

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from reben.core.errors import RunError


def write_tensors(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file.

    Raises:
        RunError: if the disk is full or cannot be written.
    """
    try:
        save_file(tensors, path, metadata=metadata)
    except SafetensorError as error:  # how the library reports what the operating system says
        raise RunError(
            f"{path.parent}: cannot be written ({error})", hint="free some space, then resume with --resume"
        ) from error
