"""Parts of messages."""

from collections.abc import Iterator, Mapping, Sequence


def first_of(names: Sequence[str], most: int = 5) -> str:
    """The first names, and how many more there are.

    >>> first_of(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


def left_out_lines(reasons: Mapping[str, str], most: int = 20) -> Iterator[str]:
    """Lines that say what lies beside products and is not used: the first of it, and how much.

    Args:
        reasons: why, by path.
        most: number of paths that are named.

    >>> list(left_out_lines({"a.zip": "is not a product", "b.zip": "is not a product"}, most=1))
    ['left out: a.zip: is not a product', 'left out: 2 files and folders, of which the first are named']
    """
    for path, reason in list(reasons.items())[:most]:
        yield f"left out: {path}: {reason}"
    if len(reasons) > most:
        yield f"left out: {len(reasons):,} files and folders, of which the first are named"


def in_bytes(number: int) -> str:
    """Return a number of bytes as people read it, in decimal units.

    >>> in_bytes(2_300_000_000_000), in_bytes(63_251_710_377), in_bytes(282_391_301), in_bytes(9_600), in_bytes(0)
    ('2.3 TB', '63.3 GB', '282.4 MB', '9.6 kB', '0 bytes')
    """
    for unit, name in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if number >= unit:
            return f"{number / unit:,.1f} {name}"
    return f"{number} bytes"
