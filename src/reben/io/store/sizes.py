"""How much disk values take in an LMDB file, and how large those of reBEN are."""

from collections.abc import Mapping

from reben.io.store.tree_pages import PAGE_HEADER

PAGE_BYTES = 4096
_KEY_BYTES = 120
"""Of a key of usual length, with what points to its value."""

VALUE_BYTES: Mapping[str, int] = {"s2": 160_832, "s1": 115_344, "maps": 28_880}
"""Of reBEN's patches of 1200 m, by kind."""


def disk_bytes(nbytes: int) -> int:
    """About what a value takes: pages of its own behind a header, and a place for its key on a leaf.

    >>> disk_bytes(VALUE_BYTES["maps"])
    32888
    """
    return -(-(PAGE_HEADER + nbytes) // PAGE_BYTES) * PAGE_BYTES + _KEY_BYTES
