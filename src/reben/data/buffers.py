"""Memory of batches, used again as soon as a batch is gone.

A batch of 64 images of 12 bands has 44 MB. Memory of that size comes fresh from the operating system each time, page by
page, which takes many times longer than filling it.
"""

import weakref
from math import prod
from threading import RLock

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray

_MOST_SIZES = 8
"""Of blocks that are kept; those of earlier batch sizes are let go then."""


class BatchMemory:
    """Hands out tensors and takes their memory back when nothing refers to them any more.

    Args:
        pinned: take memory from which a GPU can fetch by itself.
    """

    def __init__(self, *, pinned: bool = False) -> None:
        self.pinned = pinned
        self._free: dict[int, list[NDArray[np.uint8]]] = {}
        self._lock = RLock()  # the garbage collector may give memory back while we hold it

    def tensor(self, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> torch.Tensor:
        """An uninitialised tensor."""
        kind = np.dtype(dtype)
        if self.pinned:
            # PyTorch's own allocator takes memory back, too, and it alone knows when a copy to the device that was
            # started without waiting has ended: until then the memory must not be written again.
            return torch.empty(shape, dtype=torch.from_numpy(np.empty(0, kind)).dtype, pin_memory=True)
        size = prod(shape) * kind.itemsize
        block = self._take(size)
        view = block.view(kind)  # the tensor keeps this object alive, and whatever is made of the tensor the tensor
        weakref.finalize(view, self._give_back, block).atexit = False
        return torch.from_numpy(view).view(shape)

    def _take(self, size: int) -> NDArray[np.uint8]:
        with self._lock:
            if self._free.get(size):
                return self._free[size].pop()
            if len(self._free) > _MOST_SIZES:
                self._free.clear()
        return np.empty(size, np.uint8)

    def _give_back(self, block: NDArray[np.uint8]) -> None:
        with self._lock:
            self._free.setdefault(block.size, []).append(block)

    def __getstate__(self) -> dict[str, object]:
        return {"pinned": self.pinned}  # memory stays in its process

    def __setstate__(self, state: dict[str, bool]) -> None:
        self.__init__(pinned=state["pinned"])  # type: ignore[misc]  # as good as new
