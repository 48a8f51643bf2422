"""Pages of a remote LMDB file: fetched many at a time, neighbours in one request, and kept for a while."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from threading import Lock
from typing import Protocol

from reben.core.errors import StoreError
from reben.io.store.tree_pages import Tree
from reben.net.spans import Span, join

SpanReader = Callable[[Sequence[Span]], Iterator[bytes]]
"""Gives the bytes of spans, in their order."""

_AT_A_TIME = 1 << 11
_MOST_KEPT = 1 << 12
"""Pages in memory, 16 MB of the usual size: the branch pages of 1.1 million keys have 1.3 MB."""


class PageCache(Protocol):
    """Where pages survive the process."""

    def page(self, number: int) -> bytes | None:
        """A page, or None."""
        ...

    def keep_page(self, number: int, content: bytes) -> None:
        """Keep a page."""
        ...


class RemotePages:
    """Pages by their numbers; several threads may ask.

    Args:
        tree: how large pages are, and how many.
        read_spans: reads the file.
        cache: asked before the file is; None for none.
    """

    def __init__(self, tree: Tree, read_spans: SpanReader, cache: PageCache | None) -> None:
        self._tree, self._read_spans, self._cache = tree, read_spans, cache
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._lock = Lock()

    def read(self, pages: Sequence[int]) -> Iterator[bytes]:
        """The contents of pages, in the order in which they are asked for.

        Raises:
            StoreError: if one lies outside the file.
            RemoteError: if one cannot be had.
        """
        for first in range(0, len(pages), _AT_A_TIME):
            part = pages[first : first + _AT_A_TIME]
            found = self._find(part)
            self._fetch(sorted(set(part) - found.keys()), found)
            yield from (found[page] for page in part)

    def spans_to_fetch(self, pages: Sequence[int]) -> list[Span]:
        """Requests that reading these pages would take now."""
        missing = sorted(set(pages) - self._find(pages).keys())
        return [(joined.start, joined.nbytes) for joined in join(map(self._span, missing))]

    def _fetch(self, missing: Sequence[int], found: dict[int, bytes]) -> None:
        """Read pages into `found`, and keep them."""
        requests = list(join(map(self._span, missing)))
        contents = self._read_spans([(joined.start, joined.nbytes) for joined in requests])
        for joined, content in zip(requests, contents, strict=True):
            for start, nbytes in joined.spans:
                page = start // self._tree.page_size
                found[page] = content[start - joined.start : start - joined.start + nbytes]
                self._keep(page, found[page])

    def _span(self, page: int) -> Span:
        """Where a page lies.

        Raises:
            StoreError: if that is outside the file.
        """
        if not 1 < page < self._tree.pages:
            raise StoreError(f"page {page} lies outside the file")
        return page * self._tree.page_size, self._tree.page_size

    def _find(self, pages: Sequence[int]) -> dict[int, bytes]:
        """What is in memory or in the cache."""
        with self._lock:
            found = {page: self._kept[page] for page in pages if page in self._kept}
            for page in found:
                self._kept.move_to_end(page)
        if self._cache is not None:
            for page in set(pages) - found.keys():
                content = self._cache.page(page)
                if content is not None and len(content) == self._tree.page_size:
                    found[page] = content
        return found

    def _keep(self, page: int, content: bytes) -> None:
        with self._lock:
            self._kept[page] = content
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        if self._cache is not None:
            self._cache.keep_page(page, content)
