"""Run one function on many tasks, in worker processes or on a cluster, and take the results as they come."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from typing import TypeVar

from reben.core.errors import RebenError

Task = TypeVar("Task")
Result = TypeVar("Result")

_AWAKE_EVERY_S = 1.0
_HINT = "it may have run out of memory; the same command resumes the work, perhaps with fewer --workers"


def as_they_end(futures: Iterable[Future[Result]]) -> Iterator[Future[Result]]:
    """Yield futures in the order in which they end.

    The wait is taken up again every second: Python does not notice a signal that comes just before the main thread
    falls asleep, and Ctrl-C would wait for the next result.
    """
    waiting = set(futures)
    while waiting:
        try:
            for future in as_completed(waiting, timeout=_AWAKE_EVERY_S):
                waiting.discard(future)
                yield future
        except TimeoutError:
            continue


def run_all(
    executor: Executor,
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    death: Callable[[Task], RebenError],
) -> Iterator[tuple[Task, Result | RebenError]]:
    """Yield each task with its result, or with the error that ended it, in the order in which they end.

    Tasks that have not begun are cancelled when the caller stops taking results.

    Args:
        executor: runs the tasks.
        function: what is done with each; it may be sent to another process.
        tasks: arguments of the function.
        death: the error to raise if a worker died at a task; it gets a hint and the cause.

    Raises:
        RebenError: that of `death`.
    """
    running: dict[Future[Result], Task] = {}
    try:  # Ctrl-C may come while the later ones are being submitted
        for task in tasks:
            running[executor.submit(function, task)] = task
        for future in as_they_end(running):
            task = running[future]
            try:
                outcome: Result | RebenError = future.result()
            except RebenError as error:
                outcome = error
            except BrokenExecutor as error:
                died = death(task)
                raise type(died)(f"{died} ({error})", hint=_HINT) from error
            yield task, outcome
    finally:
        for future in running:
            future.cancel()
