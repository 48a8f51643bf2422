"""A store at an address in the place of a memory map: values come from the server once, then from the cache."""

from collections.abc import Iterable, Iterator
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from reben.core.errors import RemoteAccessError, RemoteError
from reben.core.names import REFERENCE_MAP_SUFFIX
from reben.io.store.remote import RemoteSource, RemoteStore, open_source
from reben.io.store.remote_cache import StoreCache, Version
from reben.io.store.values import LONGEST_KEY
from reben.net.addresses import Address
from reben.net.retries import RetryPolicy
from reben.work.file_cache import FileCache

_MAP_SUFFIX = REFERENCE_MAP_SUFFIX.encode()
_BEGINNING = 2
_IMPATIENT = RetryPolicy(attempts=2, first_wait_s=0.5)
"""For opening what can also be read without the server."""


class RemoteMap:
    """What `AnyMap` describes, of a store at an address; several threads may ask.

    If the server cannot be reached, the version that was read last is read from the cache.

    Args:
        address: of `data.mdb`, or of the folder in which it lies.
        policy: how often to try again, and how long to wait in between; None takes the usual one.

    Raises:
        RemoteError: if the store cannot be read, and was not before.
        StoreError: if it is not a store.
    """

    def __init__(self, address: Address, *, policy: RetryPolicy | None = None) -> None:
        files = FileCache()
        known = StoreCache.latest(files, address)
        try:
            source = open_source(address, policy=policy or (_IMPATIENT if known else None))
        except RemoteAccessError:
            raise
        except RemoteError:
            if known is None:
                raise
            self._cache, version = known
            source = RemoteSource(None, version.name, version.nbytes, version.head)
        else:
            validator = source.file.validator if source.file is not None else ""
            self._cache = StoreCache.of(files, address, validator=validator, nbytes=source.nbytes)
        self._store = RemoteStore(source, cache=self._cache)
        if source.file is not None:
            self._cache.keep_version(Version(source.name, source.nbytes, source.head))

    def get(self, key: bytes) -> memoryview | None:
        """A value, or None.

        Raises:
            RemoteError: if it cannot be had.
            StoreError: if it is damaged.
        """
        if not 0 < len(key) <= LONGEST_KEY:
            return None
        kept = self._cache.value(key)
        if kept is None:
            kept = next(self._fetched([key]), None)
        return None if kept is None else memoryview(kept)

    def has(self, key: bytes) -> bool:
        """Whether there is a value; none is fetched."""
        return 0 < len(key) <= LONGEST_KEY and not self._store.missing([key])

    def fetch(self, keys: Iterable[bytes]) -> None:
        """Bring values into the cache, many at a time; keys that are not there are left out.

        Raises:
            RemoteError: if one cannot be had.
            StoreError: if one is damaged.
        """
        absent = [key for key in dict.fromkeys(keys) if not self._cache.has_value(key)]
        for _ in self._fetched(absent):
            pass

    def lacks(self, keys: Iterable[bytes]) -> NDArray[np.bool_]:
        """Which of many keys the store lacks, in their order; no value is fetched."""
        wanted = list(keys)
        missing = self._store.missing(wanted)
        return np.fromiter((key in missing for key in wanted), np.bool_, len(wanted))

    def count(self) -> int:
        """Number of values."""
        return len(self._store)

    def nbytes(self) -> int:
        """Bytes of the file on the server, up to the last page in use."""
        return self._store.nbytes

    def keys(self) -> Iterator[str]:
        """All keys, sorted: the whole tree is fetched, which has some thousandth of the store's bytes."""
        return (key.decode(errors="replace") for page in self.key_pages() for key in page)

    def key_pages(self) -> Iterator[list[bytes]]:
        """All keys, many at a time."""
        return self._store.key_pages()

    def checksums(self) -> Iterator[tuple[str, int | None]]:
        """All keys, sorted; the file of checksums beside a store is not fetched."""
        return zip(self.keys(), repeat(None), strict=False)

    def neighbours(self, key: bytes) -> list[str]:
        """Some keys around `key`; reference maps only if it is one."""
        is_map = key.endswith(_MAP_SUFFIX)
        around = [one for one in self._store.keys_around(key[:LONGEST_KEY]) if is_map or not one.endswith(_MAP_SUFFIX)]
        return [one.decode(errors="replace") for one in around]

    def first_of_kinds(self) -> Iterator[str]:
        """The first key of each beginning, and the reference map that belongs to it; few pages are read."""
        found = self._store.first_from(b"")
        while found is not None:
            yield found.decode(errors="replace")
            if not found.endswith(_MAP_SUFFIX) and self.has(found + _MAP_SUFFIX):
                yield (found + _MAP_SUFFIX).decode(errors="replace")
            found = self._store.first_from(found[:_BEGINNING] + b"\xff")  # which no text has

    def _fetched(self, keys: list[bytes]) -> Iterator[bytes]:
        """Values from the server, which are kept; those that are not there are left out."""
        plan = self._store.locate(key.decode(errors="surrogateescape") for key in keys)
        for key, value in self._store.values(plan):
            content = bytes(value)
            self._cache.keep_value(key.encode(), content)
            yield content
