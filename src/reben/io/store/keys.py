"""The keys of an LMDB file, read straight from its tree.

The binding touches a page of every value, or all of them, whenever it comes by a key; for the keys of a store of 150 GB
that would read much of it. The tree itself has some hundred megabytes. The walk looks at where every value lies, too: a
store whose keys could be listed can be read.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

from reben.core.errors import StoreError
from reben.io.store.tree_pages import DEEPEST, LARGEST_PAGE, Branch, Tree, parse_meta, parse_page


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
            yield from _walk(memory, parse_meta(memory[: 2 * LARGEST_PAGE], len(memory)))
    except (StoreError, ValueError) as error:  # the latter: an empty file has no map
        raise StoreError(f"{path}: its tree is damaged ({error})", hint="copy or encode the store again") from error


def _walk(memory: mmap.mmap, tree: Tree) -> Iterator[list[bytes]]:
    """Keys of each leaf, from the left to the right.

    Raises:
        StoreError: if a page is not a part of a tree.
    """
    waiting, seen = [] if tree.root is None else [(tree.root, 0)], set[int]()
    while waiting:
        page, depth = waiting.pop()
        if page in seen or depth > DEEPEST:
            raise StoreError(f"page {page} is used twice, or lies too deep")
        seen.add(page)
        found = parse_page(memory[page * tree.page_size : (page + 1) * tree.page_size], page, tree)
        if isinstance(found, Branch):
            waiting += [(child.page, depth + 1) for child in reversed(found.children)]
        else:
            yield [place.key for place in found.places]
