"""Progress bars in notebooks: a line of HTML that is replaced while work goes on. Needs no widgets; silent elsewhere.

options = BuildOptions(...)
build_dataset([Path("L2A")], Path("my-dataset"), options, Context(progress=notebook_progress, tell=print))
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, cast

from reben.core.cards import progress_card
from reben.work.progress import Advance, Begin, begin_unseen

_PAUSE_S = 0.2
"""Between two changes of a line: each is a message to the reader's browser."""


class _Shown(Protocol):
    """An output of a cell that can be replaced: IPython's `DisplayHandle`."""

    def update(self, shown: object) -> None:
        """Replace it."""
        ...


class _Line:
    """What is shown of one piece of work."""

    def __init__(self, shown: _Shown, description: str, total: int, *, in_bytes: bool) -> None:
        self._shown, self._description, self._total = shown, description, total
        self._scale, self._unit = (1_000_000, "MB") if in_bytes else (1, "")
        self._done, self._next = 0, 0.0
        self.show()

    def advance(self, number: int) -> None:
        """Count what is done, and show it now and then."""
        self._done += number
        if time.monotonic() >= self._next:
            self.show()

    def show(self) -> None:
        """Show how far it is."""
        self._next = time.monotonic() + _PAUSE_S
        done, total = self._done // self._scale, self._total // self._scale
        self._shown.update(_Html(progress_card(self._description, done, total, unit=self._unit)))


class _Html:
    def __init__(self, text: str) -> None:
        self._text = text

    def _repr_html_(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return ""


@contextmanager
def notebook_progress(description: str, *, in_bytes: bool = False) -> Iterator[Begin]:
    """Show a bar below the cell that runs, with its final numbers when the work is done; outside notebooks, nothing."""
    if not _in_notebook():
        yield begin_unseen
        return
    from IPython.display import display  # noqa: PLC0415 - a notebook has it

    shown = cast("_Shown", display(_Html(""), display_id=True))
    lines: list[_Line] = []

    def begin(total: int) -> Advance:
        lines.append(_Line(shown, description, total, in_bytes=in_bytes))
        return lines[-1].advance

    yield begin
    for line in lines:
        line.show()


def _in_notebook() -> bool:
    """Whether this process is the kernel of a notebook, and not IPython in a terminal."""
    try:
        from IPython.core.getipython import get_ipython  # noqa: PLC0415 - not there without a notebook
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and hasattr(shell, "kernel")
