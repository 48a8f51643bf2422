"""Read the files of samples and make them values, in one process or in several.

The files are so small that opening them is the work, and Python threads would spend it waiting for each other. So the
workers are processes, and they write their values into memory that they share with the writer: no value is pickled.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from multiprocessing.sharedctypes import RawArray
from typing import TYPE_CHECKING

from reben.core.errors import EncodeError, RasterError
from reben.encode.specification import Part, TensorFile
from reben.io.geotiff import Pixels, read_pixels
from reben.io.processes import worker_pool
from reben.io.store import header

if TYPE_CHECKING:
    from concurrent.futures import Future

_BATCH_BYTES = 1 << 22
"""Values that are handed over, and written, together: they fit into the processor's cache."""

Item = tuple[str, memoryview]
"""Key and value."""


class ValueReader:
    """Reads the files of one sample and makes them a value."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._header, order = header(tuple(file.tensor for file in part.files))
        self._files = sorted(part.files, key=lambda file: order.index(file.tensor.name))
        self.nbytes = len(self._header) + sum(file.tensor.nbytes for file in self._files)
        """Size of every value."""

    def read_into(self, target: memoryview, stem: str) -> None:
        """Write the value of the sample whose files begin with `stem` into `target`, which has `nbytes` bytes.

        Raises:
            EncodeError: if a file is missing, or has a wrong size or data type.
            RasterError: if a file is damaged.
        """
        end = len(self._header)
        target[:end] = self._header
        for file in self._files:
            start, end = end, end + file.tensor.nbytes
            target[start:end] = self._pixels(stem, file).data

    def _pixels(self, stem: str, file: TensorFile) -> Pixels:
        path = stem + file.suffix
        try:
            pixels = read_pixels(path)
        except RasterError:
            if os.path.exists(path):  # noqa: PTH110 - paths are strings for speed
                raise
            raise self._missing(path) from None
        if pixels.shape != file.tensor.shape or pixels.dtype != file.tensor.dtype:
            rows, columns = file.tensor.shape
            raise EncodeError(
                f"{path}: has {' x '.join(map(str, pixels.shape))} pixels of {pixels.dtype.name}; "
                f"expected {rows} x {columns} pixels of {file.tensor.dtype.name}",
                hint=f"check that the folder holds {self._part.name} as published",
            )
        return pixels

    def _missing(self, path: str) -> EncodeError:
        suffixes = ", ".join(file.suffix for file in self._part.files)
        return EncodeError(
            f"{path}: is missing; each folder of {self._part.name} must hold the files *{suffixes}",
            hint="download or build the patch again, or take its folder out",
        )


@dataclass(frozen=True, slots=True)
class Request:
    """One value to read."""

    key: str
    stem: str
    """Path of the sample's files without their suffixes."""
    reader: int
    """Index of the reader that knows the sample's files."""


def read_in_order(requests: Sequence[Request], readers: Sequence[ValueReader], *, workers: int) -> Iterator[list[Item]]:
    """The values of all requests, in their order, in batches that do not depend on the number of workers.

    A batch is valid until the next one is asked for.

    Args:
        requests: what to read.
        readers: one for each kind of sample.
        workers: 1 reads in this process, more in as many others.

    Raises:
        EncodeError: if a file is missing, or has a wrong size or data type.
        RasterError: if a file is damaged.
    """
    batches = list(_batches(requests, readers))
    capacity = max((_end(batch, readers) for batch in batches), default=0)
    if workers > 1 and len(batches) > 1:
        yield from _read_in_processes(batches, readers, capacity, min(workers, len(batches)))
    else:
        slot = memoryview(bytearray(capacity))
        for batch in batches:
            yield _read_batch(batch, readers, slot)


def _batches(requests: Sequence[Request], readers: Sequence[ValueReader]) -> Iterator[list[Request]]:
    batch: list[Request] = []
    size = 0
    for request in requests:
        nbytes = readers[request.reader].nbytes
        if batch and size + nbytes > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(request)
        size += nbytes
    if batch:
        yield batch


def _places(batch: Sequence[Request], readers: Sequence[ValueReader]) -> Iterator[tuple[Request, int, int]]:
    """First and last byte of each value of a batch in its slot."""
    end = 0
    for request in batch:
        start, end = end, end + readers[request.reader].nbytes
        yield request, start, end


def _end(batch: Sequence[Request], readers: Sequence[ValueReader]) -> int:
    return sum(readers[request.reader].nbytes for request in batch)


def _read_batch(batch: Sequence[Request], readers: Sequence[ValueReader], slot: memoryview) -> list[Item]:
    for request, start, end in _places(batch, readers):
        readers[request.reader].read_into(slot[start:end], request.stem)
    return _items(batch, readers, slot)


def _items(batch: Sequence[Request], readers: Sequence[ValueReader], slot: memoryview) -> list[Item]:
    return [(request.key, slot[start:end]) for request, start, end in _places(batch, readers)]


def _read_in_processes(
    batches: Sequence[list[Request]], readers: Sequence[ValueReader], capacity: int, workers: int
) -> Iterator[list[Item]]:
    """Batches in order; two per worker are under way, each in a slot of its own, so that memory stays flat."""
    slots = 2 * workers
    shared = RawArray("B", slots * capacity)
    memory = memoryview(shared).cast("B")
    pool = worker_pool(workers, preload=[__name__], initializer=_start_worker, initargs=(shared, capacity, readers))
    with pool:
        tasks = iter((pool.submit(_read_in_worker, i % slots, batch), batch) for i, batch in enumerate(batches))
        under_way: deque[tuple[Future[None], list[Request]]] = deque(islice(tasks, slots))
        try:
            for i in range(len(batches)):
                future, batch = under_way.popleft()
                future.result()
                yield _items(batch, readers, memory[i % slots * capacity : (i % slots + 1) * capacity])
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


def _read_in_worker(slot: int, batch: list[Request]) -> None:
    start = slot * _Worker.capacity
    _read_batch(batch, _Worker.readers, _Worker.memory[start : start + _Worker.capacity])
