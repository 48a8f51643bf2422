"""Batches one after the other, made by threads while the last one is being used.

Threads are enough: copying and the compiled kernels run without the interpreter's lock. Processes, as `DataLoader` has
them, would copy every batch twice more, through shared memory.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import torch

from reben.core.errors import MetadataError
from reben.data.dataset import Batch, FlippedIndex, PatchDataset
from reben.data.sampling import ShuffledIndices

GLOBAL_BATCH_SIZE = "global_batch_size"
"""Key in a batch: patches of the whole batch over all processes and micro-batches, by which losses are weighted."""

_AHEAD = 4
"""Batches that are made or ready while one is used."""

_SMALLEST_PART = 2
"""Patches: batch normalisation cannot take one."""


@dataclass(frozen=True, slots=True)
class _Part:
    """Patches that are computed at once."""

    indices: Sequence[FlippedIndex]
    whole: int
    """Patches of the whole batch in training, over all processes; in evaluation of the part itself."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """A batch that is whole once its pieces are done."""

    batch: Batch
    pieces: Sequence[Future[None]] = ()


class BatchLoader:
    """Batches of a data set, in order or as the sampler draws them.

    In training a batch is what one step of the optimiser learns from. Among several processes (`torch.distributed`)
    each gets its part of it, cut further where a batch is computed in parts: batches, and so the steps, have the same
    patches however many processes and parts there are. In evaluation each process gets every n-th patch.

    Args:
        dataset: where they come from.
        batch_size: patches per batch, over all processes and parts.
        sampler: order and flips of training patches; None takes the patches in order, for evaluation.
        threads: that make batches; 0 makes each when it is asked for.
        native: give raw pixels, for `ImageTransform` on the device, instead of images.
        parts: into which each process's share of a batch is cut.
    """

    def __init__(
        self,
        dataset: PatchDataset,
        *,
        batch_size: int,
        sampler: ShuffledIndices | None = None,
        threads: int = 0,
        native: bool = False,
        parts: int = 1,
    ) -> None:
        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = sampler
        """Lightning tells it the epoch."""
        self.batch_sampler = None  # Lightning asks for it
        self.threads = threads
        self.native = native
        self.parts = parts
        self.waited_s = 0.0
        """Seconds that whoever asked for batches has waited for them."""

    def __len__(self) -> int:
        return sum(1 for _ in self._parts([FlippedIndex(n) for n in range(len(self.dataset))]))

    def __iter__(self) -> Iterator[Batch]:
        # A generator: Lightning tells the sampler its epoch after it has asked for the iterator.
        start = time.perf_counter()
        indices = (
            list(self.sampler) if self.sampler is not None else [FlippedIndex(n) for n in range(len(self.dataset))]
        )
        parts = self._parts(indices)
        for batch in map(self._make, parts) if self.threads == 0 else self._made_by_threads(parts):
            self.waited_s += time.perf_counter() - start
            yield batch
            start = time.perf_counter()

    def _made_by_threads(self, parts: Iterator[_Part]) -> Iterator[Batch]:
        """Batches in order, some of them ahead of whoever asks; several threads make one, where that can be."""
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="reben-loader")
        ahead = _AHEAD if self.dataset.is_made_in_pieces else self.threads + 1
        try:
            waiting: deque[Future[_Pending]] = deque(
                pool.submit(self._begin, part, pool) for part in islice(parts, ahead)
            )
            while waiting:
                pending = waiting.popleft().result()
                for piece in pending.pieces:
                    piece.result()
                waiting.extend(pool.submit(self._begin, part, pool) for part in islice(parts, 1))
                yield pending.batch
        finally:
            pool.shutdown(cancel_futures=True)

    def _begin(self, part: _Part, pool: ThreadPoolExecutor) -> "_Pending":
        """Find what a batch is made of, and have its pixels written by the pool; or make it at once."""
        if not self.dataset.is_made_in_pieces:
            return _Pending(self._make(part))
        unfinished = self.dataset.unfinished_batch(part.indices, native=self.native)
        pieces = [pool.submit(unfinished.write, piece) for piece in unfinished.pieces()]
        return _Pending({**unfinished.batch, GLOBAL_BATCH_SIZE: part.whole}, pieces)

    def _make(self, part: _Part) -> Batch:
        batch = self.dataset.native_batch(part.indices) if self.native else self.dataset.batch(part.indices)
        return {**batch, GLOBAL_BATCH_SIZE: part.whole}

    def _parts(self, indices: Sequence[FlippedIndex]) -> Iterator[_Part]:
        """What this process computes.

        Raises:
            MetadataError: if there are fewer patches than processes and parts.
        """
        rank, processes = place_among_processes()
        number = processes * (1 if self.sampler is None else self.parts)
        if len(indices) < number:
            raise MetadataError(
                f"{len(indices)} patches are too few for {processes} processes of {number // processes} parts each",
                hint="use fewer processes or parts",
            )
        if self.sampler is None:
            own, size = indices[rank::processes], max(1, self.batch_size // (processes * self.parts))
            yield from (
                _Part(own[first : first + size], len(own[first : first + size])) for first in range(0, len(own), size)
            )
            return
        for first in range(0, len(indices), self.batch_size):
            batch = indices[first : first + self.batch_size]
            if first and len(batch) < min(self.batch_size, _SMALLEST_PART * number):
                return  # the rest of the epoch; every process leaves it out
            own = batch[rank::processes]
            yield from (_Part(own[part :: self.parts], len(batch)) for part in range(min(self.parts, len(own))))


def place_among_processes() -> tuple[int, int]:
    """This process's number, and how many there are."""
    if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
        return 0, 1
    return torch.distributed.get_rank(), torch.distributed.get_world_size()
