import threading
from collections.abc import Iterator

import pytest

from reben.work.ahead import ahead, mapped_ahead


def test_items_come_in_their_order():
    with ahead(iter(range(1_000)), 3) as items:
        assert list(items) == list(range(1_000))


def test_no_more_wait_than_are_asked_for():
    made: list[int] = []
    wanted = threading.Semaphore(0)

    def numbers() -> Iterator[int]:
        for number in range(100):
            made.append(number)
            wanted.release()
            yield number

    with ahead(numbers(), 4) as items:
        assert next(items) == 0
        for _ in range(6):  # the one taken, four that wait, one that wants in
            wanted.acquire(timeout=10)
        assert len(made) <= 6


def test_an_error_is_raised_where_the_items_are_used():
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with ahead(numbers(), 2) as items:
        assert next(items) == 1
        with pytest.raises(ValueError, match="broken"):
            next(items)


def test_the_iterator_is_closed_when_nobody_wants_more():
    closed = threading.Event()

    def numbers() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    with ahead(numbers(), 2) as items:
        next(items)
    assert closed.is_set()


def test_what_waits_for_something_else_is_stopped():
    stopped = threading.Event()

    def numbers() -> Iterator[int]:
        yield 1
        stopped.wait()

    with ahead(numbers(), 1, stop=stopped.set) as items:
        next(items)
    assert stopped.is_set()


def test_a_function_is_called_ahead_in_threads_and_its_results_come_in_order():
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        return number * 2

    with mapped_ahead(work, range(100), threads=3, depth=5) as results:
        assert next(results) == 0
        assert len(begun) <= 6  # no more than may wait, and one for what was taken
        assert list(results) == [2 * number for number in range(1, 100)]


def test_what_fails_in_a_thread_fails_where_its_result_is_taken():
    def work(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    taken = []
    with pytest.raises(ValueError, match="three"), mapped_ahead(work, range(10), threads=2, depth=4) as results:
        taken += list(results)
    with mapped_ahead(work, range(3), threads=2, depth=4) as results:
        taken = list(results)
    assert taken == [0, 1, 2]
