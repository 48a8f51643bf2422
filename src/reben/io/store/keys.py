"""The keys of an LMDB file, read straight from its tree.

The binding touches a page of every value, or all of them, whenever it comes by a key; for the keys of a store of 150 GB
that would read much of it. The tree itself has some hundred megabytes.

LMDB trusts a tree, and ends the process where a damaged one leads out of the file. So the walk looks at where every
value lies, too: a store whose keys could be listed can be read.

Source: LMDB 0.9, `mdb.c`: page header, meta page and node; data version 1, 64 bits, little-endian.
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from reben.core.errors import StoreError
from reben.io.store.values import LONGEST_KEY

_MAGIC, _VERSION = 0xBEEFC0DE, 1
_PAGE_HEADER = 16
_FLAGS_AND_LOWER = struct.Struct("<HH")
_FLAGS_AT = 10
_NODE = struct.Struct("<HHHH")  # low and high half of the data size or page number, flags or its top, key size
_LARGE = 1
"""Flag of a node whose value has pages of its own."""
_PAGE_NUMBER = struct.Struct("<Q")
_META_START = struct.Struct("<II")
_FREE_DATABASE = 24  # in the meta page's content; begins with the page size
_MAIN_ROOT = _FREE_DATABASE + 48 + 40
_TRANSACTION = _FREE_DATABASE + 2 * 48 + 8
_BRANCH, _LEAF = 1, 2
_NO_PAGE = (1 << 64) - 1
_DEEPEST = 32
_SMALLEST_PAGE = 256


def read_key_pages(path: Path) -> Iterator[list[bytes]]:
    """All keys of an LMDB file, sorted, those of one page of the tree at a time.

    Args:
        path: `data.mdb`.

    Raises:
        StoreError: if the file is damaged, or none of this version.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
            memory.madvise(mmap.MADV_RANDOM)
            root, page_size = _root(memory)
            yield from _walk(memory, root, page_size)
    except (struct.error, IndexError, ValueError) as error:  # the last: an empty file has no map
        raise StoreError(f"{path}: its tree is damaged ({error})", hint="copy or encode the store again") from error


def _root(memory: mmap.mmap) -> tuple[int, int]:
    """Root page of the newer of both meta pages, and the page size.

    Raises:
        IndexError: if the file is none of this version.
    """
    (page_size,) = struct.unpack_from("<I", memory, _PAGE_HEADER + _FREE_DATABASE)
    newest, root = -1, _NO_PAGE
    for start in (_PAGE_HEADER, page_size + _PAGE_HEADER):
        magic, version = _META_START.unpack_from(memory, start)
        if magic != _MAGIC or version != _VERSION or page_size < _SMALLEST_PAGE:
            raise IndexError(f"magic {magic:#x}, version {version}, page size {page_size}")
        (transaction,) = struct.unpack_from("<Q", memory, start + _TRANSACTION)
        if transaction > newest:
            newest = transaction
            (root,) = struct.unpack_from("<Q", memory, start + _MAIN_ROOT)
    return root, page_size


def _walk(memory: mmap.mmap, root: int, page_size: int) -> Iterator[list[bytes]]:
    """Keys of each leaf, from the left to the right.

    Raises:
        IndexError: if a page is not a part of a tree.
    """
    pages = len(memory) // page_size
    waiting, seen = [(root, 0)] if root != _NO_PAGE else [], set()
    while waiting:
        page, depth = waiting.pop()
        if page in seen:
            raise IndexError(f"page {page} is used twice")
        seen.add(page)
        content = memory[page * page_size : (page + 1) * page_size]
        flags, lower = _FLAGS_AND_LOWER.unpack_from(content, _FLAGS_AT)
        if not flags & (_BRANCH | _LEAF) or not _PAGE_HEADER <= lower <= page_size or depth > _DEEPEST:
            raise IndexError(f"page {page} has flags {flags:#x}")
        nodes = struct.unpack_from(f"<{(lower - _PAGE_HEADER) // 2}H", content, _PAGE_HEADER)
        if flags & _BRANCH:
            parts = (_NODE.unpack_from(content, node) for node in reversed(nodes))
            waiting += [(low | high << 16 | top << 32, depth + 1) for low, high, top, _ in parts]
        else:
            yield [_key(content, node, pages) for node in nodes]


def _key(page: bytes, node: int, pages: int) -> bytes:
    """Key of a leaf's node.

    Raises:
        IndexError: if its key or its value does not lie where it could.
    """
    low, high, flags, size = _NODE.unpack_from(page, node)
    end, value_bytes = node + _NODE.size + size, low | high << 16
    if flags == _LARGE:
        (first,) = _PAGE_NUMBER.unpack_from(page, end)
        fits = 1 < first <= pages - (_PAGE_HEADER + value_bytes + len(page) - 1) // len(page)
    else:
        fits = flags == 0 and end + value_bytes <= len(page)
    if not (0 < size <= LONGEST_KEY and fits):
        raise IndexError(f"a value of {value_bytes:,} bytes lies outside the file")
    return page[node + _NODE.size : end]
