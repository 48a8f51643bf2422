"""What a stage is given from outside: how progress is shown, whom to tell what, and where its tasks run."""

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from reben.work.executors import executor_of
from reben.work.progress import Progress, no_progress


class ExecutorOf(Protocol):
    """Gives workers: see `executor_of`."""

    def __call__(self, scheduler: str, workers: int, *, preload: str) -> AbstractContextManager[Executor]:
        """Workers for the time of the block."""
        ...


def _say_nothing(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Context:
    """Surroundings of a stage; by default it works silently on this machine."""

    progress: Progress = no_progress
    executor_of: ExecutorOf = executor_of
    tell: Callable[[str], None] = _say_nothing
    """Called with each line that people should read while the stage works, such as a warning."""
