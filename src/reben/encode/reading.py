"""Read the files of samples and make them values, in one process or in several.

The files are so small that opening them is the work, and Python threads would spend it waiting for each other. So the
workers are processes, and they write their values into memory that they share with the writer: no value is pickled.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing.sharedctypes import RawArray
from typing import TYPE_CHECKING

from reben.core.errors import RebenError
from reben.encode.values import Content, ValueReader
from reben.io.store import writer
from reben.io.store.writer import transactions
from reben.work.processes import worker_pool

if TYPE_CHECKING:
    from concurrent.futures import Future


@dataclass(frozen=True, slots=True)
class Request:
    """One value to read."""

    key: str
    stem: str
    """Path of the sample's files without their suffixes."""
    reader: int
    """Index of the reader that knows the sample's files."""
    content: Content | None = None
    """The files themselves, if they are not on the disk."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Values that were read, and what was wrong with the others."""

    items: list[tuple[str, memoryview]]
    """Key and value."""
    errors: list[tuple[str, RebenError]]
    """Key and error."""
    requests: Sequence[Request] = ()
    """What was to be read."""


_Outcome = int | RebenError
"""Bytes of a value, or why there is none."""


def read_in_order(requests: Sequence[Request], readers: Sequence[ValueReader], *, workers: int) -> Iterator[Batch]:
    """The values of all requests, in their order, in batches that do not depend on the number of workers.

    A batch is valid until the next one is asked for.

    Args:
        requests: what to read.
        readers: one for each kind of sample.
        workers: 1 reads in this process, more in as many others.
    """
    batches = list(_batches(requests, readers))
    capacity = max((_end(batch, readers) for batch in batches), default=0)
    if workers > 1 and len(batches) > 1:
        yield from _read_in_processes(batches, readers, capacity, min(workers, len(batches)))
    else:
        slot = memoryview(bytearray(capacity))
        for batch in batches:
            yield _as_batch(batch, readers, slot, _read_batch(batch, readers, slot))


def read_as_they_come(requests: Iterable[Request], readers: Sequence[ValueReader]) -> Iterator[Batch]:
    """The same values in the same batches, of requests that are not known beforehand, read in this process.

    A batch is valid until the next but one is asked for, so that one can be written while the next is made.

    Args:
        requests: what to read, in the order of the values.
        readers: one for each kind of sample.
    """
    capacity = max(writer.TRANSACTION_BYTES, *(reader.most_bytes for reader in readers))
    slots = cycle([memoryview(bytearray(capacity)), memoryview(bytearray(capacity))])
    for batch, slot in zip(_batches(requests, readers), slots, strict=False):
        yield _as_batch(batch, readers, slot, _read_batch(batch, readers, slot))


def batch_start(requests: Sequence[Request], readers: Sequence[ValueReader], position: int) -> int:
    """Number of the first request in the batch of the request at `position`."""
    start = 0
    for batch in _batches(requests, readers):
        if start + len(batch) > position:
            break
        start += len(batch)
    return start


def _batches(requests: Iterable[Request], readers: Sequence[ValueReader]) -> Iterator[list[Request]]:
    return transactions(requests, lambda request: readers[request.reader].most_bytes)


def _places(batch: Sequence[Request], readers: Sequence[ValueReader]) -> Iterator[tuple[Request, int, int]]:
    """First and last byte that each value of a batch may take in its slot."""
    end = 0
    for request in batch:
        start, end = end, end + readers[request.reader].most_bytes
        yield request, start, end


def _end(batch: Sequence[Request], readers: Sequence[ValueReader]) -> int:
    return sum(readers[request.reader].most_bytes for request in batch)


def _read_batch(batch: Sequence[Request], readers: Sequence[ValueReader], slot: memoryview) -> list[_Outcome]:
    outcomes: list[_Outcome] = []
    for request, start, end in _places(batch, readers):
        try:
            outcomes.append(readers[request.reader].read_into(slot[start:end], request.stem, request.content))
        except RebenError as error:
            outcomes.append(error)
    return outcomes


def _as_batch(
    batch: Sequence[Request], readers: Sequence[ValueReader], slot: memoryview, outcomes: Sequence[_Outcome]
) -> Batch:
    result = Batch([], [], batch)
    for (request, start, _), outcome in zip(_places(batch, readers), outcomes, strict=True):
        if isinstance(outcome, RebenError):
            result.errors.append((request.key, outcome))
        else:
            result.items.append((request.key, slot[start : start + outcome]))
    return result


def _read_in_processes(
    batches: Sequence[list[Request]], readers: Sequence[ValueReader], capacity: int, workers: int
) -> Iterator[Batch]:
    """Batches in order; two per worker are under way, each in a slot of its own, so that memory stays flat."""
    slots = 2 * workers
    shared = RawArray("B", slots * capacity)
    memory = memoryview(shared).cast("B")
    pool = worker_pool(workers, preload=[__name__], initializer=_start_worker, initargs=(shared, capacity, readers))
    with pool:
        tasks = iter((pool.submit(_read_in_worker, i % slots, batch), batch) for i, batch in enumerate(batches))
        under_way: deque[tuple[Future[list[_Outcome]], list[Request]]] = deque(islice(tasks, slots))
        try:
            for i in range(len(batches)):
                future, batch = under_way.popleft()
                slot = memory[i % slots * capacity : (i % slots + 1) * capacity]
                yield _as_batch(batch, readers, slot, future.result())
                under_way.extend(islice(tasks, 1))
        finally:
            pool.shutdown(cancel_futures=True)


class _Worker:
    """What a worker process knows; set once, when it starts."""

    memory: memoryview
    capacity: int
    readers: Sequence[ValueReader]


def _start_worker(shared: memoryview, capacity: int, readers: Sequence[ValueReader]) -> None:
    _Worker.memory = memoryview(shared).cast("B")
    _Worker.capacity = capacity
    _Worker.readers = readers


def _read_in_worker(slot: int, batch: list[Request]) -> list[_Outcome]:
    start = slot * _Worker.capacity
    return _read_batch(batch, _Worker.readers, _Worker.memory[start : start + _Worker.capacity])
