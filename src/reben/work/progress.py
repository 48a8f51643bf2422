"""How long work says how far it is."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Advance = Callable[[int], None]
"""Called with the number of further things that are done, such as patches or bytes."""

Begin = Callable[[int], Advance]
"""Called with the total when it is known; gives what is called with each advance."""


class Progress(Protocol):
    """Shows a progress bar."""

    def __call__(self, description: str, *, in_bytes: bool = False) -> AbstractContextManager[Begin]:
        """Show one while the block runs."""
        ...


def unseen(_advance: int) -> None:
    """Show no advance."""


def begin_unseen(_total: int) -> Advance:
    """Show neither a total nor an advance."""
    return unseen


@contextmanager
def no_progress(description: str, *, in_bytes: bool = False) -> Iterator[Begin]:  # noqa: ARG001 - a `Progress`
    """Show nothing."""
    yield begin_unseen
