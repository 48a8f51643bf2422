"""What the user sees beside results: progress, errors and hints, all on standard error."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from reben.core.errors import MissingExtraError, RebenError
from reben.core.text import printable
from reben.work import atomic
from reben.work.progress import Advance, Begin

if TYPE_CHECKING:
    from reben.work.context import Context

_KEPT = "\n\t"
"""Control characters of our own texts."""


class _Terminal(Console):
    """Shows texts from anywhere, such as file names, without obeying them."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 - rich's many
        """The text as rich shows it, with everything escaped that a terminal would obey."""
        return super().render_str(printable(text, keep=_KEPT), **options)


stderr = _Terminal(stderr=True, soft_wrap=True, highlight=False)

STDOUT = Path("-")


def say(text: object, *, nl: bool = True) -> None:
    """Write a result to standard output, with everything escaped that a terminal would obey."""
    typer.echo(printable(str(text), keep=_KEPT), nl=nl)  # noqa: TID251 - the only place


def print_error(error: RebenError) -> None:
    """Print message and hint."""
    stderr.print("[bold red]error:[/]", end=" ")
    stderr.print(str(error), markup=False)
    if error.hint:
        stderr.print("[bold cyan]hint:[/]", end=" ")
        stderr.print(error.hint, markup=False)


def print_json(target: Path, value: Any) -> None:  # noqa: ANN401 - whatever json takes
    """Write `value` as JSON to a file, or to standard output for `-`."""
    if target == STDOUT:
        sys.stdout.write(json.dumps(value, indent=2, allow_nan=False) + "\n")
    else:
        atomic.write_json(target, value)


def is_watched() -> bool:
    """Whether somebody sees bars that move: FORCE_COLOR, as Jupyter and CI services set it, makes no terminal."""
    return stderr.file.isatty()


@contextmanager
def progress(description: str, *, in_bytes: bool = False) -> Iterator[Begin]:
    """A progress bar on a terminal; elsewhere, such as in the log of a cluster job, a line now and then.

    Args:
        description: what is being done.
        in_bytes: whether it counts bytes.

    Gives a function that takes the total and returns the function to tell of each advance.
    """
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn() if in_bytes else MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=stderr, transient=True, disable=not is_watched()) as bar:

        def start(total: int) -> Advance:
            if not is_watched():
                return _Log(description, total, in_bytes=in_bytes).advance
            task = bar.add_task(description, total=total)
            return lambda advance: bar.update(task, advance=advance)

        yield start


LOG_EVERY_S = 60.0
"""Seconds between two lines of progress where there is no terminal."""


class _Log:
    """Progress as lines of a log, one a minute at most; work of less than a minute leaves none.

    Args:
        description: what is being done.
        total: how much there is to do.
        in_bytes: whether it counts bytes.
    """

    def __init__(self, description: str, total: int, *, in_bytes: bool) -> None:
        self._description = description
        self._total = total
        self._in_bytes = in_bytes
        self._done = 0
        self._start = self._last = time.monotonic()
        self._lock = Lock()

    def advance(self, advance: int) -> None:
        """Count what was done, and say it if the last line is old enough."""
        with self._lock:
            self._done += advance
            now = time.monotonic()
            if now - self._last < LOG_EVERY_S:
                return
            self._last, done = now, self._done
        share, minutes = done / max(self._total, 1), (now - self._start) / 60
        left = f", about {minutes / share - minutes:,.0f} min left" if 0 < share < 1 else ""
        counted = " of ".join(f"{n / 1e6:,.0f} MB" if self._in_bytes else f"{n:,}" for n in (done, self._total))
        stderr.print(f"{self._description}: {counted} ({share:.0%}) after {minutes:,.0f} min{left}", markup=False)


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Around imports that need more than the base install.

    Raises:
        MissingExtraError: if they fail.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError.needed("this command", error.name, extra) from error


def context() -> "Context":
    """Progress bars and lines on standard error for the stages."""
    from reben.work.context import Context

    return Context(progress, tell=lambda line: stderr.print(line, markup=False))
