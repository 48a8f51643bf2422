"""What a pipeline is given from outside: progress, processes, and the correction."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from reben.pipeline.configuration import CorrectSection

Begin = Callable[[int], Callable[[int], None]]
"""Takes a total and returns the function to tell of each advance."""


class Progress(Protocol):
    """Shows a progress bar: `reben.cli.console.progress`."""

    def __call__(self, description: str, *, in_bytes: bool = False) -> AbstractContextManager[Begin]:
        """Show one while the block runs."""
        ...


class ExecutorOf(Protocol):
    """Gives worker processes: `reben.cli.console.executor_of`."""

    def __call__(self, scheduler: str, workers: int, *, preload: str) -> AbstractContextManager[Executor]:
        """Workers for the time of the block."""
        ...


@dataclass(frozen=True)
class Corrected:
    """What became of L1C products."""

    made: tuple[Path, ...]
    """L2A products, those that were there already among them."""
    failed: dict[str, str] = field(default_factory=dict)
    """Errors by product, if they were skipped."""


class Corrector(Protocol):
    """Corrects products for the atmosphere."""

    def __call__(
        self, products: Sequence[Path], output: Path, settings: CorrectSection, *, skip_errors: bool, tools: "Tools"
    ) -> Corrected:
        """Make an L2A product of each, if it is not there.

        Raises:
            RebenError: what was wrong with a product, unless errors are skipped.
        """
        ...


@dataclass(frozen=True, slots=True)
class Tools:
    """All of it."""

    progress: Progress
    executor_of: ExecutorOf
    correct: Corrector
    check_correction: Callable[[CorrectSection], None]
    """Raises what would keep `correct` from working, such as a missing program."""
