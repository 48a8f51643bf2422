"""Make what comes next while somebody works on what came before: in a thread, or in several."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from queue import Empty, Full, Queue
from typing import Generic, TypeVar

_LOOK_S = 0.2
"""How often a thread that waits looks whether it is over."""

T = TypeVar("T")
R = TypeVar("R")


class _Producer(Generic[T]):
    """Fills a queue from an iterator until it ends or fails, or nobody wants more."""

    def __init__(self, items: Iterator[T], depth: int) -> None:
        self._items = items
        self._queue: Queue[tuple[bool, T | BaseException | None]] = Queue(depth)
        self._over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            for item in self._items:
                if not self._put((True, item)):
                    return
            self._put((False, None))
        except BaseException as error:  # noqa: BLE001 - it is raised where the items are used
            self._put((False, error))
        finally:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()

    def _put(self, item: tuple[bool, T | BaseException | None]) -> bool:
        while not self._over.is_set():
            try:
                self._queue.put(item, timeout=_LOOK_S)
            except Full:
                continue
            return True
        return False

    def items(self) -> Iterator[T]:
        while not self._over.is_set():
            try:
                is_item, item = self._queue.get(timeout=_LOOK_S)
            except Empty:
                continue
            if isinstance(item, BaseException):
                raise item
            if not is_item:
                return
            yield item  # type: ignore[misc]  # None and errors were told apart above

    def end(self) -> None:
        self._over.set()


@contextmanager
def ahead(items: Iterator[T], depth: int, *, stop: Callable[[], None] = lambda: None) -> Iterator[Iterator[T]]:
    """The same items, made by a thread; what is raised there is raised where they are used.

    When the block ends, the iterator is closed, and the thread has ended.

    Args:
        items: an iterator that nobody else uses.
        depth: how many items may wait.
        stop: makes `items` end if it waits for something else, such as a server.
    """
    producer = _Producer(items, depth)
    producer.thread.start()
    try:
        yield producer.items()
    finally:
        producer.end()
        if producer.thread.is_alive():
            stop()
        producer.thread.join()


@contextmanager
def mapped_ahead(function: Callable[[T], R], items: Iterable[T], *, threads: int, depth: int) -> Iterator[Iterator[R]]:
    """`map(function, items)` in threads, in the order of the items; what is raised there is raised where they are used.

    When the block ends, what waits is not begun any more, and what was begun has ended.

    Args:
        function: called in several threads at the same time.
        items: taken as they are needed.
        threads: how many call the function.
        depth: how many results may wait, those included that are being made.
    """
    with ThreadPoolExecutor(threads) as executor:
        try:
            yield _in_order(executor, function, iter(items), depth)
        finally:
            executor.shutdown(cancel_futures=True)


def _in_order(executor: Executor, function: Callable[[T], R], items: Iterator[T], depth: int) -> Iterator[R]:
    waiting = deque(executor.submit(function, item) for item in islice(items, depth))
    while waiting:
        result = waiting.popleft().result()
        waiting.extend(executor.submit(function, item) for item in islice(items, 1))
        yield result
