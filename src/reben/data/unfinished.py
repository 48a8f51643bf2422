"""A batch in the making: its memory is there, and any thread may write the pixels of some of its patches."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_PIECE_PATCHES = 32
"""Some megabytes: long enough that nobody notices how a piece is handed out."""


@dataclass(frozen=True, slots=True)
class UnfinishedBatch:
    """What is known of a batch, and how its pixels are written.

    Finding values in a store holds the interpreter's lock again and again, and threads that all do it wait for one
    another; writing pixels does not hold it. So one thread finds the values of a batch, and all write its pixels.
    """

    batch: dict[str, Any]
    """The batch; its pixels are undefined until all pieces are written."""
    patches: int
    write: Callable[[slice], None]
    """Writes the pixels of some of its patches."""

    def pieces(self) -> Iterator[slice]:
        """The patches of the batch, some at a time."""
        for first in range(0, self.patches, _PIECE_PATCHES):
            yield slice(first, min(first + _PIECE_PATCHES, self.patches))

    def finished(self) -> dict[str, Any]:
        """The batch, with all pixels written by this thread."""
        self.write(slice(0, self.patches))
        return self.batch
