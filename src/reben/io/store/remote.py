"""A store on a server, read where it lies: only the pages that lead to wanted keys, then their values.

Nothing is trusted that came from elsewhere: pages say which they are, keys are in order, and each value must be what
its key says.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Self

from reben.core.errors import RemoteAccessError, RemoteError, StoreError
from reben.io.store.kinds import expect_kind
from reben.io.store.remote_pages import PageCache, RemotePages
from reben.io.store.tree_pages import LARGEST_PAGE, PAGE_HEADER, Place, Tree, expect_value_pages, parse_meta
from reben.io.store.tree_walk import find_places, first_from, walk
from reben.io.store.values import DATA_FILE, parse_header
from reben.net.addresses import Address, parse_address
from reben.net.remote_file import PARALLEL, RemoteFile
from reben.net.retries import RetryPolicy
from reben.net.spans import Joined, Span, join

_LARGEST_VALUE = 1 << 28
"""Bytes; a patch of 224 bands has some 6 MB."""
_DAMAGED_HINT = "the file on the server is damaged, or not a store of reben; check the address"


@dataclass(frozen=True, slots=True)
class Plan:
    """What reading some values takes."""

    places: tuple[Place, ...]
    """Of those that are there, in the order of their keys."""
    missing: tuple[str, ...]
    """Keys that the store does not have, sorted."""
    requests: int
    """That reading the values takes; the tree has been read by now."""
    nbytes: int
    """That these requests bring."""
    value_bytes: int
    """Of the values themselves."""

    @property
    def keys(self) -> list[str]:
        """Of the values that are there, sorted."""
        return [place.key.decode() for place in self.places]


@dataclass(frozen=True, slots=True)
class RemoteSource:
    """What a store is read from."""

    file: RemoteFile | None
    """None if the server cannot be reached; pages then come from the cache."""
    name: str
    """For messages."""
    nbytes: int
    """Size of the file."""
    head: bytes
    """Its first 128 KiB, or all of it: both meta pages lie in them."""


class RemoteStore:
    """A store at an address: `locate` tells what reading takes, `values` reads.

    Args:
        source: address of `data.mdb` or of the folder in which it lies, or what is known of it.
        cache: of pages.
        parallel: requests at a time.
        policy: how often to try again, and how long to wait in between.

    Raises:
        AddressError: if the address has no known form.
        RemoteError: if the file cannot be read, or not in parts.
        StoreError: if it is not a store.
    """

    def __init__(
        self,
        source: str | Address | RemoteSource,
        *,
        cache: PageCache | None = None,
        parallel: int = PARALLEL,
        policy: RetryPolicy | None = None,
    ) -> None:
        if not isinstance(source, RemoteSource):
            source = open_source(source, parallel=parallel, policy=policy)
        self.file, self.name = source.file, source.name
        with self._damage_named():
            self.tree: Tree = parse_meta(source.head, source.nbytes)
            if self.tree.used_bytes > source.nbytes:
                raise StoreError(f"the file has {source.nbytes:,} bytes; the store has {self.tree.used_bytes:,}")
        self._pages = RemotePages(self.tree, self._spans, cache)

    def __len__(self) -> int:
        return self.tree.entries

    @property
    def nbytes(self) -> int:
        """Size of the store's file, up to the last page in use."""
        return self.tree.used_bytes

    def locate(self, keys: Iterable[str]) -> Plan:
        """Where the values of some keys lie, which there are not, and what reading them takes.

        Args:
            keys: in any order; each counts once.

        Raises:
            StoreError: if the tree is damaged.
            RemoteError: if it cannot be read.
        """
        wanted = sorted({key.encode(errors="surrogateescape") for key in keys})
        with self._damage_named():
            places, missing = find_places(self.tree, self._pages.read, wanted)
        requests = [
            *((joined.start, joined.nbytes) for joined in self._joined(places)),
            *self._pages.spans_to_fetch([self._page(place) for place in places if place.is_inline(self.tree)]),
        ]
        return Plan(
            tuple(places),
            tuple(key.decode(errors="surrogateescape") for key in missing),
            len(requests),
            sum(nbytes for _, nbytes in requests),
            sum(place.nbytes for place in places),
        )

    def missing(self, keys: Iterable[bytes]) -> set[bytes]:
        """Which of many keys the store lacks.

        Raises:
            StoreError: if the tree is damaged.
            RemoteError: if it cannot be read.
        """
        with self._damage_named():
            return set(find_places(self.tree, self._pages.read, sorted(set(keys)))[1])

    def values(self, wanted: Plan | Iterable[str], *, parallel: int | None = None) -> Iterator[tuple[str, memoryview]]:
        """Keys and values in the order of the keys; each value has been checked.

        Some 100 MB of values are under way at most. A value may be a part of a larger request's bytes, which it keeps
        in memory; whoever keeps many for long should copy them.

        Args:
            wanted: a plan, whose missing keys are left out, or keys, which must all be there.
            parallel: requests at a time, at most that of the store; None takes that.

        Raises:
            StoreError: if a key is not there, the tree is damaged, or a value is not what its key says.
            RemoteError: if something cannot be read.
        """
        plan = wanted if isinstance(wanted, Plan) else self.locate(wanted)
        if plan is not wanted and plan.missing:
            raise StoreError(f"{self.name} lacks {len(plan.missing):,} keys, such as {plan.missing[0]!r}")
        inline = [place for place in plan.places if place.is_inline(self.tree)]
        with ExitStack() as held:
            small = held.enter_context(closing(self._inline_values(inline)))
            large = held.enter_context(closing(self._large_values(plan.places, parallel)))
            for place in plan.places:
                value = next(small if place.is_inline(self.tree) else large)
                yield self._checked(place, value)

    def key_pages(self) -> Iterator[list[bytes]]:
        """All keys, sorted, those of a page at a time.

        Raises:
            StoreError: if the tree is damaged.
            RemoteError: if it cannot be read.
        """
        with self._damage_named():
            for _, leaf in walk(self.tree, self._pages.read):
                yield [place.key for place in leaf.places]

    def keys_around(self, key: bytes) -> list[bytes]:
        """The keys of the page in which `key` would lie.

        Raises:
            StoreError: if the tree is damaged.
            RemoteError: if it cannot be read.
        """
        with self._damage_named():
            return [place.key for _, leaf in walk(self.tree, self._pages.read, [key]) for place in leaf.places]

    def first_from(self, key: bytes) -> bytes | None:
        """The first key that is not less than `key`; None if all are.

        Raises:
            StoreError: if the tree is damaged.
            RemoteError: if it cannot be read.
        """
        with self._damage_named():
            return first_from(self.tree, self._pages.read, key)

    def close(self) -> None:
        """Close the connections; reading opens new ones."""
        if self.file is not None:
            self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"RemoteStore({self.name!r})"

    def _page(self, place: Place) -> int:
        return place.start // self.tree.page_size

    def _joined(self, places: Iterable[Place]) -> Iterator[Joined]:
        """Requests for values with pages of their own, each with the header before it."""
        large = (place for place in places if not place.is_inline(self.tree))
        return join((place.start - PAGE_HEADER, PAGE_HEADER + place.nbytes) for place in large)

    def _spans(self, spans: Sequence[Span], parallel: int | None = None) -> Generator[bytes, None, None]:
        """Bytes of the file.

        Raises:
            RemoteError: if they cannot be had.
        """
        if spans and self.file is None:
            raise RemoteError(
                f"{self.name}: the server cannot be reached, and the cache does not hold what is asked for",
                hint="try again when there is a connection; what was read before can be read without one",
            )
        if spans and self.file is not None:
            yield from self.file.read_spans(spans, parallel=parallel)

    def _inline_values(self, places: Sequence[Place]) -> Generator[memoryview, None, None]:
        """Values that lie in leaves."""
        groups = [(page, list(group)) for page, group in groupby(places, self._page)]
        for content, (page, group) in zip(self._pages.read([page for page, _ in groups]), groups, strict=True):
            for place in group:
                start = place.start - page * self.tree.page_size
                yield memoryview(content)[start : start + place.nbytes]

    def _large_values(self, places: Sequence[Place], parallel: int | None) -> Generator[memoryview, None, None]:
        """Values with pages of their own, the header of these before each."""
        for place in places:
            if place.nbytes > _LARGEST_VALUE:
                raise StoreError(
                    f"{self.name}, key {place.key.decode(errors='replace')!r}: a value of {place.nbytes:,} bytes; "
                    f"expected {_LARGEST_VALUE:,} at most",
                    hint=_DAMAGED_HINT,
                )
        requests = list(self._joined(places))
        spans = [(joined.start, joined.nbytes) for joined in requests]
        with closing(self._spans(spans, parallel)) as contents:
            for joined, content in zip(requests, contents, strict=True):
                for start, nbytes in joined.spans:
                    yield memoryview(content)[start - joined.start : start - joined.start + nbytes]

    def _checked(self, place: Place, found: memoryview) -> tuple[str, memoryview]:
        """Key and value, if the value is one, and of the kind that the key says.

        Raises:
            StoreError: if it is not.
        """
        key = place.key.decode(errors="replace")
        try:
            if place.is_inline(self.tree):
                value = found
            else:
                expect_value_pages(found, place, self.tree)
                value = found[PAGE_HEADER:]
            expect_kind(place.key.decode(), parse_header(value))
        except (StoreError, UnicodeDecodeError) as error:
            raise StoreError(f"{self.name}, key {key!r}: {error}", hint=_DAMAGED_HINT) from error
        return key, value

    @contextmanager
    def _damage_named(self) -> Iterator[None]:
        """Around what reads the tree: errors get the name of the store.

        Raises:
            StoreError: with the name.
        """
        try:
            yield
        except StoreError as error:
            raise StoreError(f"{self.name}: {error}", hint=_DAMAGED_HINT) from error


def open_source(address: str | Address, *, parallel: int = PARALLEL, policy: RetryPolicy | None = None) -> RemoteSource:
    """The LMDB file at an address, or in the folder that the address names.

    Raises:
        AddressError: if the address has no known form.
        RemoteAccessError: if there is neither.
        RemoteError: if it cannot be read.
    """
    given = parse_address(address)
    file = _open_file(given, parallel, policy)
    return RemoteSource(file, str(file.address), file.size, file.read(0, min(2 * LARGEST_PAGE, file.size)))


def _open_file(given: Address, parallel: int, policy: RetryPolicy | None) -> RemoteFile:
    if given.name.endswith(".mdb"):
        return RemoteFile(given, parallel=parallel, policy=policy)
    try:
        return RemoteFile(given.child(DATA_FILE), parallel=parallel, policy=policy)
    except RemoteAccessError as error:
        try:
            return RemoteFile(given, parallel=parallel, policy=policy)
        except RemoteAccessError:
            raise error from None
