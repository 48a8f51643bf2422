"""What a stage is given from outside: how progress is shown, whom to tell what, and where its tasks run."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol

from reben.work.executors import executor_of

Begin = Callable[[int], Callable[[int], None]]
"""Takes a total and returns the function to call with each advance."""


class Progress(Protocol):
    """Shows a progress bar."""

    def __call__(self, description: str, *, in_bytes: bool = False) -> AbstractContextManager[Begin]:
        """Show one while the block runs."""
        ...


class ExecutorOf(Protocol):
    """Gives workers: see `executor_of`."""

    def __call__(self, scheduler: str, workers: int, *, preload: str) -> AbstractContextManager[Executor]:
        """Workers for the time of the block."""
        ...


@contextmanager
def no_progress(description: str, *, in_bytes: bool = False) -> Iterator[Begin]:  # noqa: ARG001 - a `Progress`
    """Show nothing."""
    yield lambda _: lambda _: None


def _say_nothing(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Context:
    """Surroundings of a stage; by default it works silently on this machine."""

    progress: Progress = no_progress
    executor_of: ExecutorOf = executor_of
    tell: Callable[[str], None] = _say_nothing
    """Called with each line that people should read while the stage works, such as a warning."""
