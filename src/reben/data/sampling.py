"""Order and flips of training patches, reproducible for every epoch and any number of loading workers."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

from reben.data.dataset import Draw


class ShuffledDraws(Sampler[Draw]):
    """Every patch once per epoch, in random order, flipped at random along either axis with probability 1/2.

    Order and flips depend on seed and epoch only, so that a resumed run sees what an undisturbed one would have seen.

    Args:
        patches: number of patches.
        seed: any non-negative number.
        flip: whether to flip.
    """

    def __init__(self, patches: int, *, seed: int, flip: bool = True) -> None:
        self._patches = patches
        self._seed = seed
        self._flip = flip
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration draws for; Lightning calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._patches

    def __iter__(self) -> Iterator[Draw]:
        generator = torch.Generator().manual_seed((self._seed << 20) + self._epoch)
        order = torch.randperm(self._patches, generator=generator)
        flips = torch.randint(2 if self._flip else 1, (self._patches, 2), generator=generator, dtype=torch.bool)
        for index, (horizontal, vertical) in zip(order.tolist(), flips.tolist(), strict=True):
            yield Draw(index, horizontal, vertical)
