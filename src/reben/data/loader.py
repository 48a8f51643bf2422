"""Batches one after the other, made by threads while the last one is being used.

Threads are enough: copying and the compiled kernels run without the interpreter's lock. Processes, as `DataLoader` has
them, would copy every batch twice more, through shared memory.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import torch

from reben.data.dataset import Batch, Draw, PatchDataset
from reben.data.sampling import ShuffledDraws

_T = TypeVar("_T")


class BatchLoader:
    """Batches of a data set, in order or as the sampler draws them.

    Among several processes (`torch.distributed`) each gets its share: every n-th patch, equally many for each in
    training.

    Args:
        dataset: where they come from.
        batch_size: patches per batch.
        sampler: order and flips; None takes the patches in order.
        threads: that make batches; 0 makes each when it is asked for.
        native: give raw pixels, for `Preparation` on the device, instead of images.
        drop_single: leave out a last batch of one patch.
    """

    def __init__(
        self,
        dataset: PatchDataset,
        *,
        batch_size: int,
        sampler: ShuffledDraws | None = None,
        threads: int = 0,
        native: bool = False,
        drop_single: bool = False,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        """Lightning tells it the epoch."""
        self.batch_sampler = None  # Lightning asks for it
        self.threads = threads
        self.native = native
        self._drop_single = drop_single

    def __len__(self) -> int:
        return sum(1 for _ in self._batches(range(len(self.dataset))))

    def __iter__(self) -> Iterator[Batch]:
        # A generator: Lightning tells the sampler its epoch after it has asked for the iterator.
        draws = list(self.sampler) if self.sampler is not None else [Draw(n) for n in range(len(self.dataset))]
        batches = self._batches(draws)
        yield from map(self._make, batches) if self.threads == 0 else self._made_by_threads(batches)

    def _made_by_threads(self, batches: Iterator[Sequence[Draw]]) -> Iterator[Batch]:
        """Batches in order; each thread makes one, and one is ready."""
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="reben-loader")
        try:
            waiting: deque[Future[Batch]] = deque(
                pool.submit(self._make, batch) for batch in islice(batches, self.threads + 1)
            )
            while waiting:
                ready = waiting.popleft().result()
                waiting.extend(pool.submit(self._make, batch) for batch in islice(batches, 1))
                yield ready
        finally:
            pool.shutdown(cancel_futures=True)

    def _make(self, draws: Sequence[Draw]) -> Batch:
        return self.dataset.native_batch(draws) if self.native else self.dataset.__getitems__(draws)

    def _batches(self, draws: Sequence[_T]) -> Iterator[Sequence[_T]]:
        own = _share(draws, equal=self.sampler is not None)
        for first in range(0, len(own), self.batch_size):
            batch = own[first : first + self.batch_size]
            if len(batch) > 1 or first == 0 or not self._drop_single:
                yield batch


def _share(draws: Sequence[_T], *, equal: bool) -> Sequence[_T]:
    """This process's part."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return draws
    rank, processes = torch.distributed.get_rank(), torch.distributed.get_world_size()
    return draws[rank : len(draws) // processes * processes if equal else None : processes]
