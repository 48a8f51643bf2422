"""Parts of messages."""

from collections.abc import Sequence


def first_of(names: Sequence[str], most: int = 5) -> str:
    """The first names, and how many more there are.

    >>> first_of(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")
