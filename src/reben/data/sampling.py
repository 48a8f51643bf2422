"""Order and flips of training patches, reproducible for every epoch and any number of loading workers."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler

from reben.data.dataset import FlippedIndex

_WINDOW = 64
"""Blocks whose patches are mixed."""


class ShuffledIndices(Sampler[FlippedIndex]):
    """Every patch once per epoch, in random order, flipped at random along either axis with probability 1/2.

    Order and flips depend on seed and epoch only, so that a resumed run sees what an undisturbed one would have seen.

    Args:
        patches: number of patches.
        seed: any non-negative number.
        flip: whether to flip.
        block: patches that stay near each other: blocks of so many neighbours are shuffled, and then the patches of
            some blocks at a time. 1 shuffles everything; more makes reads from a slow disk shorter.
    """

    def __init__(self, patches: int, *, seed: int, flip: bool = True, block: int = 1) -> None:
        self._patches = patches
        self._seed = seed
        self._flip = flip
        self._block = block
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration draws for; Lightning calls this."""
        self._epoch = epoch

    def __len__(self) -> int:
        return self._patches

    def __iter__(self) -> Iterator[FlippedIndex]:
        generator = torch.Generator().manual_seed((self._seed << 20) + self._epoch)
        order = self._order(generator)
        flips = torch.randint(2 if self._flip else 1, (self._patches, 2), generator=generator, dtype=torch.bool)
        for index, (horizontal, vertical) in zip(order.tolist(), flips.tolist(), strict=True):
            yield FlippedIndex(index, horizontal, vertical)

    def _order(self, generator: torch.Generator) -> torch.Tensor:
        """Numbers of the patches, shuffled."""
        if self._block == 1:
            return torch.randperm(self._patches, generator=generator)
        blocks = torch.split(torch.arange(self._patches), self._block)
        order = [blocks[number] for number in torch.randperm(len(blocks), generator=generator).tolist()]
        windows = [torch.cat(order[first : first + _WINDOW]) for first in range(0, len(order), _WINDOW)]
        return torch.cat([window[torch.randperm(len(window), generator=generator)] for window in windows])
