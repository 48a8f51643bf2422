"""The pages of an LMDB file's tree: where it begins, what a page holds, where values lie.

LMDB trusts a tree, and ends the process where a damaged one leads out of the file. So each page is checked: what it
is, the order of its keys, and that every value lies inside the file.

Source: LMDB 0.9, `mdb.c`: page header, meta page and node; data version 1, 64 bits, little-endian.
"""

import struct
from dataclasses import dataclass
from itertools import islice
from operator import lt
from typing import NamedTuple

from reben.core.errors import StoreError
from reben.io.store.values import LONGEST_KEY

LARGEST_PAGE = 1 << 16
"""Offsets in a page have 16 bits; both meta pages lie in the first two of these."""
DEEPEST = 32
"""Levels of a tree; LMDB itself goes no deeper."""

_MAGIC, _VERSION = 0xBEEFC0DE, 1
PAGE_HEADER = 16
"""Bytes at the beginning of a page; of a value with pages of its own, only the first page has them."""
_OVERFLOW_START = struct.Struct("<QHHI")  # number, padding, flags, how many pages
_PAGE_START = struct.Struct("<QHHH")  # number, padding, flags, end of the list of nodes
_NODE = struct.Struct("<HHHH")  # low and high half of the data size or page number, flags or its top, key size
_LARGE = 1
"""Flag of a node whose value has pages of its own."""
_PAGE_NUMBER = struct.Struct("<Q")
_META_START = struct.Struct("<II")
_PAGE_SIZE_AT = PAGE_HEADER + 24  # the free database's padding holds the page size
_MAIN_DATABASE = 24 + 48  # in the meta page's content
_DEPTH_AT, _ENTRIES_AT, _ROOT_AT = _MAIN_DATABASE + 6, _MAIN_DATABASE + 32, _MAIN_DATABASE + 40
_LAST_PAGE_AT, _TRANSACTION_AT = _MAIN_DATABASE + 48, _MAIN_DATABASE + 56
_META_BYTES = _TRANSACTION_AT + 8
_BRANCH, _LEAF, _OVERFLOW = 1, 2, 4
_NO_PAGE = (1 << 64) - 1
_SMALLEST_PAGE = 256
Buffer = bytes | memoryview
"""A page."""


class Child(NamedTuple):
    """A page below a branch page."""

    first: bytes
    """No key in it is less; empty in the first child, which has no lower bound of its own."""
    page: int


class Place(NamedTuple):
    """Where a value lies in the file."""

    key: bytes
    start: int
    nbytes: int

    def is_inline(self, tree: "Tree") -> bool:
        """Whether the value lies in the leaf itself, rather than in pages of its own."""
        return self.start % tree.page_size != PAGE_HEADER


class Branch(NamedTuple):
    """A page with pages below it."""

    children: list[Child]


class Leaf(NamedTuple):
    """A page with values, or where they lie."""

    places: list[Place]


@dataclass(frozen=True, slots=True)
class Tree:
    """What the meta pages say."""

    page_size: int
    root: int | None
    """None if the tree is empty."""
    depth: int
    entries: int
    used_bytes: int
    """Of the file, up to the last page in use."""
    file_bytes: int

    @property
    def pages(self) -> int:
        """Pages that the file has room for."""
        return self.file_bytes // self.page_size


def parse_meta(start: Buffer, file_bytes: int) -> Tree:
    """The tree that the newer of both meta pages describes.

    Args:
        start: first bytes of the file: both meta pages.
        file_bytes: size of the file.

    Raises:
        StoreError: if this is not an LMDB file of this version, or is cut off.
    """
    page_size = struct.unpack_from("<I", start, _PAGE_SIZE_AT)[0] if len(start) >= _META_BYTES else 0
    if not _SMALLEST_PAGE <= page_size <= LARGEST_PAGE or page_size & (page_size - 1):
        raise StoreError(f"it is not an LMDB file of version {_VERSION} (page size {page_size})")
    metas = [_parse_meta(start, number * page_size, page_size, file_bytes) for number in (0, 1)]
    return max(metas, key=lambda found: found[0])[1]  # the first one, if both are of one transaction


def _parse_meta(start: Buffer, page: int, page_size: int, file_bytes: int) -> tuple[int, Tree]:
    """Transaction and tree of a meta page.

    Raises:
        StoreError: if it is none.
    """
    content = start[page + PAGE_HEADER : page + page_size]
    if len(content) < _META_BYTES:
        raise StoreError("it ends before its meta pages do")
    magic, version = _META_START.unpack_from(content)
    if magic != _MAGIC or version != _VERSION:
        raise StoreError(f"it is not an LMDB file of version {_VERSION} (magic {magic:#x}, version {version})")
    entries, root, last, transaction = (
        _PAGE_NUMBER.unpack_from(content, at)[0] for at in (_ENTRIES_AT, _ROOT_AT, _LAST_PAGE_AT, _TRANSACTION_AT)
    )
    (depth,) = struct.unpack_from("<H", content, _DEPTH_AT)
    found = None if root == _NO_PAGE else root
    return transaction, Tree(page_size, found, depth, entries, (last + 1) * page_size, file_bytes)


def parse_page(content: Buffer, page: int, tree: Tree) -> Branch | Leaf:
    """What a page of the tree holds.

    Raises:
        StoreError: if it is not one.
    """
    if not 1 < page < tree.pages or len(content) != tree.page_size:
        raise StoreError(f"page {page} lies outside the file")
    number, _, flags, lower = _PAGE_START.unpack_from(content)
    kind = flags & (_BRANCH | _LEAF)
    if number != page or kind not in {_BRANCH, _LEAF} or not PAGE_HEADER + 2 <= lower <= tree.page_size:
        raise StoreError(f"page {page} is not a page of a tree (it is number {number}, flags {flags:#x})")
    nodes = struct.unpack_from(f"<{(lower - PAGE_HEADER) // 2}H", content, PAGE_HEADER)
    try:
        if kind == _BRANCH:
            children = [_child(content, node) for node in nodes]
            _expect_order([child.first for child in children[1:]], page)
            return Branch(children)
        start = page * tree.page_size
        places = [_place(content, node, start, tree) for node in nodes]
    except struct.error as error:
        raise StoreError(f"page {page} has an entry that lies outside of it") from error
    _expect_order([place.key for place in places], page)
    return Leaf(places)


def _expect_order(keys: list[bytes], page: int) -> None:
    """Check that each key is greater than the one before it.

    Raises:
        StoreError: if one is not.
    """
    if not all(map(lt, keys, islice(keys, 1, None))):
        raise StoreError(f"the keys of page {page} are not in order")


def _child(content: Buffer, node: int) -> Child:
    """A branch page's node.

    Raises:
        StoreError: if its key does not lie where it could.
    """
    low, high, top, size = _NODE.unpack_from(content, node)
    first = bytes(content[node + _NODE.size : node + _NODE.size + size])
    if len(first) != size or size > LONGEST_KEY:
        raise StoreError("a key of a branch page lies outside of it")
    return Child(first, low | high << 16 | top << 32)


def _place(content: Buffer, node: int, page_start: int, tree: Tree) -> Place:
    """Key and place of a leaf's node.

    Raises:
        StoreError: if its key or its value does not lie where it could.
    """
    low, high, flags, size = _NODE.unpack_from(content, node)
    end, nbytes = node + _NODE.size + size, low | high << 16
    if flags == _LARGE:
        (first,) = _PAGE_NUMBER.unpack_from(content, end)
        start = first * tree.page_size + PAGE_HEADER  # one header, then all pages of the value without another
        fits = first > 1 and start + nbytes <= tree.pages * tree.page_size
    else:
        start, fits = page_start + end, flags == 0 and end + nbytes <= tree.page_size
    if not (0 < size <= LONGEST_KEY and fits):
        raise StoreError(f"a value of {nbytes:,} bytes lies outside the file")
    return Place(bytes(content[node + _NODE.size : end]), start, nbytes)


def expect_value_pages(start: Buffer, place: Place, tree: Tree) -> None:
    """Check that the header before a value with pages of its own is the one that belongs there.

    Args:
        start: the 16 bytes before the value.
        place: of the value.
        tree: of the file.

    Raises:
        StoreError: if other bytes lie there, or came from there.
    """
    number, _, flags, count = _OVERFLOW_START.unpack_from(start)
    pages = -(-(PAGE_HEADER + place.nbytes) // tree.page_size)
    if number != place.start // tree.page_size or not flags & _OVERFLOW or count < pages:
        raise StoreError(f"its pages are not those of a value (number {number}, flags {flags:#x}, {count} pages)")
