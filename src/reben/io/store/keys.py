"""The keys of an LMDB file, read straight from its tree.

The binding touches a page of every value, or all of them, whenever it comes by a key; for the keys of a store of 150 GB
that would read much of it. The tree itself has some hundred megabytes.

Source: LMDB 0.9, `mdb.c`: page header, meta page and node; data version 1, 64 bits, little-endian.
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from reben.core.errors import StoreError

_MAGIC, _VERSION = 0xBEEFC0DE, 1
_PAGE_HEADER = 16
_FLAGS_AND_LOWER = struct.Struct("<HH")
_FLAGS_AT = 10
_NODE = struct.Struct("<HHHH")  # low and high half of the data size or page number, flags or its top, key size
_KEY_SIZE, _KEY_SIZE_AT = struct.Struct("<H"), 6
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
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
        memory.madvise(mmap.MADV_RANDOM)
        try:
            root, page_size = _root(memory)
            yield from _walk(memory, root, page_size)
        except (struct.error, IndexError) as error:
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
        IndexError: if a page is no part of a tree.
    """
    waiting = [(root, 0)] if root != _NO_PAGE else []
    while waiting:
        page, depth = waiting.pop()
        content = memory[page * page_size : (page + 1) * page_size]
        flags, lower = _FLAGS_AND_LOWER.unpack_from(content, _FLAGS_AT)
        if not flags & (_BRANCH | _LEAF) or not _PAGE_HEADER <= lower <= page_size or depth > _DEEPEST:
            raise IndexError(f"page {page} has flags {flags:#x}")
        nodes = struct.unpack_from(f"<{(lower - _PAGE_HEADER) // 2}H", content, _PAGE_HEADER)
        if flags & _BRANCH:
            parts = (_NODE.unpack_from(content, node) for node in reversed(nodes))
            waiting += [(low | high << 16 | top << 32, depth + 1) for low, high, top, _ in parts]
        else:
            starts = ((node + _NODE.size, _KEY_SIZE.unpack_from(content, node + _KEY_SIZE_AT)[0]) for node in nodes)
            yield [content[start : start + size] for start, size in starts]
