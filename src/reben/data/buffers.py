"""Memory of batches, used again as soon as a batch is gone.

A batch of 64 images of 12 bands has 44 MB. Memory of that size comes fresh from the operating system each time, page by
page, which takes many times longer than filling it.
"""

import weakref
from math import prod
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray


class BatchMemory:
    """Hands out float32 tensors and takes their memory back when nothing refers to them any more."""

    def __init__(self) -> None:
        self._free: list[NDArray[np.float32]] = []
        self._lock = Lock()

    def tensor(self, shape: tuple[int, ...]) -> torch.Tensor:
        """An uninitialised float32 tensor."""
        size = prod(shape)
        block = self._take(size)
        view = block[:size]  # the tensor keeps this object alive, and whatever is made of the tensor keeps the tensor
        weakref.finalize(view, self._give_back, block).atexit = False
        return torch.from_numpy(view).view(shape)

    def _take(self, size: int) -> NDArray[np.float32]:
        with self._lock:
            while self._free:
                block = self._free.pop()
                if block.size >= size:
                    return block  # a smaller one, of an earlier batch size, is let go
        return np.empty(size, np.float32)

    def _give_back(self, block: NDArray[np.float32]) -> None:
        with self._lock:
            self._free.append(block)

    def __getstate__(self) -> dict[str, object]:
        return {}  # memory stays in its process

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__init__()  # type: ignore[misc]  # as good as new
