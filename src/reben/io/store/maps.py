"""Memory maps of LMDB files, and several of them as one.

Each thread has a transaction of its own. A forked process goes on with the map that it inherits: without locks, which a
finished store does not need, LMDB's state is nothing but memory.
"""

import errno
import os
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import chain, repeat
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakValueDictionary

import lmdb
import numpy as np
from numpy.typing import NDArray

from reben.core.errors import StoreError
from reben.core.names import REFERENCE_MAP_SUFFIX
from reben.io.small_files import read_json
from reben.io.store.checksums import read_checksums
from reben.io.store.keys import read_key_pages
from reben.io.store.values import DATA_FILE, LONGEST_KEY
from reben.net.addresses import Address
from reben.work.memory import memory_bytes


class AnyMap(Protocol):
    """Where values come from."""

    def get(self, key: bytes) -> memoryview | None:
        """A value, or None."""
        ...

    def has(self, key: bytes) -> bool:
        """Whether there is a value."""
        ...

    def fetch(self, keys: Iterable[bytes]) -> None:
        """Bring values near that will be asked for soon, if they are far away."""
        ...

    def lacks(self, keys: Iterable[bytes]) -> NDArray[np.bool_]:
        """Which of many keys there are not, in their order; no value is touched."""
        ...

    def count(self) -> int:
        """Number of values."""
        ...

    def nbytes(self) -> int:
        """Bytes of all files."""
        ...

    def keys(self) -> Iterator[str]:
        """All keys, sorted."""
        ...

    def key_pages(self) -> Iterator[list[bytes]]:
        """All keys, many at a time, in any order."""
        ...

    def checksums(self) -> Iterator[tuple[str, int | None]]:
        """All keys, sorted, each with the CRC-32 of its value, or None where none was kept."""
        ...

    def neighbours(self, key: bytes) -> list[str]:
        """Some keys around `key`."""
        ...

    def first_of_kinds(self) -> Iterator[str]:
        """One key of each kind, as far as it takes a moment to find them: by their beginnings, and reference maps."""
        ...


class _LocalMap:
    """What all maps of files have in common: values are near."""

    def get(self, key: bytes) -> memoryview | None:
        raise NotImplementedError

    def key_pages(self) -> Iterator[list[bytes]]:
        raise NotImplementedError

    def has(self, key: bytes) -> bool:
        return self.get(key) is not None

    def fetch(self, keys: Iterable[bytes]) -> None:
        """Nothing is far away."""

    def keys(self) -> Iterator[str]:
        raise NotImplementedError

    def first_of_kinds(self) -> Iterator[str]:
        """The first key of each kind; all keys are read."""
        seen = set()
        for key in self.keys():
            kind = (key[:_BEGINNING], key.endswith(REFERENCE_MAP_SUFFIX))
            if kind not in seen:
                seen.add(kind)
                yield key

    def lacks(self, keys: Iterable[bytes]) -> NDArray[np.bool_]:
        """Compares keys by 64-bit hashes, which take a tenth of their memory.

        One in some million million may be thought to be there because another has its hash.
        """
        wanted = np.fromiter(map(hash, keys), np.int64)
        stored = np.fromiter((hash(key) for page in self.key_pages() for key in page), np.int64)
        return np.isin(wanted, stored, invert=True)


class _Map(_LocalMap):
    """An LMDB environment, and a read transaction for each thread that uses it.

    The operating system reads ahead only where the file does not fit into memory: the binding touches every page of a
    value, and without reading ahead each of its forty pages would be a disk access of its own.
    """

    def __init__(self, path: Path, nbytes: int) -> None:
        self._path = path
        self._environment = lmdb.open(
            os.fsencode(path),  # names need not be UTF-8
            subdir=path.is_dir(),
            readonly=True,
            lock=False,
            readahead=nbytes > memory_bytes() * FITS_INTO_MEMORY,
            create=False,
            max_spare_txns=0,
        )
        self._threads = threading.local()

    def get(self, key: bytes) -> memoryview | None:
        if not 0 < len(key) <= LONGEST_KEY:  # LMDB refuses to look for it
            return None
        try:  # no context manager: this is the loader's innermost loop
            found: memoryview | None = self._transaction().get(key)
        except lmdb.Error as error:
            raise _damaged(self._path, error) from error
        return found

    def count(self) -> int:
        return int(self._environment.stat()["entries"])

    def nbytes(self) -> int:
        """Bytes of the file up to the last page in use."""
        return int((self._environment.info()["last_pgno"] + 1) * self._environment.stat()["psize"])

    def keys(self) -> Iterator[str]:
        """All keys, sorted; no value is touched.

        Raises:
            StoreError: if the file is damaged.
        """
        try:
            yield from (key.decode() for page in self.key_pages() for key in page)
        except UnicodeDecodeError as error:
            raise _damaged(self._path, error) from error

    def key_pages(self) -> Iterator[list[bytes]]:
        """All keys, many at a time; no value is touched."""
        return read_key_pages(self._path / DATA_FILE if self._path.is_dir() else self._path)

    def checksums(self) -> Iterator[tuple[str, int | None]]:
        """All keys, sorted, each with the CRC-32 that was kept when its value was written."""
        is_its_file = self._path.name == DATA_FILE and not self._path.is_dir()
        folder = self._path.parent if is_its_file else self._path
        kept = read_checksums(folder, self.count()) if folder.is_dir() else None
        return zip(self.keys(), repeat(None) if kept is None else kept.tolist(), strict=False)

    def neighbours(self, key: bytes) -> list[str]:
        """The first key after `key` and the last one before it; reference maps only if `key` is one."""
        found = []
        with (
            _damage_named(self._path),
            self._environment.begin(buffers=False) as transaction,
            transaction.cursor() as cursor,
        ):
            for forward in (True, False):
                here = cursor.set_range(key[:LONGEST_KEY] or b"\0")
                if not forward:
                    here = cursor.prev() if here else cursor.last()
                while here and cursor.key().endswith(_MAP_SUFFIX) and not key.endswith(_MAP_SUFFIX):
                    here = cursor.next() if forward else cursor.prev()
                if here:
                    found.append(cursor.key().decode(errors="replace"))
        return found

    def close(self) -> None:
        """Let go of the file at once; no value may be in use."""
        self._environment.close()

    def _transaction(self) -> Any:  # noqa: ANN401 - lmdb has no types
        transaction = getattr(self._threads, "transaction", None)
        if transaction is None:
            transaction = self._threads.transaction = self._environment.begin(buffers=True)
        return transaction


class _Shards(_LocalMap):
    """Several maps as one."""

    def __init__(self, maps: Sequence[_Map]) -> None:
        firsts = [(next(iter(shard.keys()), ""), shard) for shard in maps]
        self._maps = [shard for _, shard in sorted(firsts, key=lambda pair: pair[0])]
        self._firsts = [first.encode() for first in sorted(first for first, _ in firsts)]

    def get(self, key: bytes) -> memoryview | None:
        """A value; the shard is looked for first whose keys begin last before `key`."""
        nearest = max(bisect_right(self._firsts, key) - 1, 0)
        found = self._maps[nearest].get(key)
        if found is not None:
            return found
        others = (shard.get(key) for number, shard in enumerate(self._maps) if number != nearest)
        return next((value for value in others if value is not None), None)

    def count(self) -> int:
        return sum(shard.count() for shard in self._maps)

    def nbytes(self) -> int:
        return sum(shard.nbytes() for shard in self._maps)

    def keys(self) -> Iterator[str]:
        return merge(*(shard.keys() for shard in self._maps))

    def key_pages(self) -> Iterator[list[bytes]]:
        return chain.from_iterable(shard.key_pages() for shard in self._maps)

    def checksums(self) -> Iterator[tuple[str, int | None]]:
        return merge(*(shard.checksums() for shard in self._maps), key=itemgetter(0))

    def neighbours(self, key: bytes) -> list[str]:
        return [name for shard in self._maps for name in shard.neighbours(key)]


SHARDS_FILE = "shards.json"
"""In a folder of shards: how many there are, among other things."""

_SHARD_PATTERN = "shard-*"
_MOST_SHARDS = 100_000  # their names have five digits


def shard_name(number: int) -> str:
    """Name of a shard's folder."""
    return f"shard-{number:05d}"


def is_store(path: Path) -> bool:
    """Whether there is a store at `path`, or a folder of shards."""
    return path.is_file() or (path / DATA_FILE).is_file() or any(path.glob(f"{_SHARD_PATTERN}/{DATA_FILE}"))


def open_any(path: Path | Address) -> AnyMap:
    """The map of a store, those of all shards in a folder, or what stands for one at an address.

    Raises:
        StoreError: if there is no store, or a shard is missing.
        RemoteError: if an address cannot be read.
    """
    if isinstance(path, Address):
        from reben.io.store.remote_map import RemoteMap  # noqa: PLC0415 - paths need no HTTP library

        return RemoteMap(path)
    shards = sorted(path.glob(_SHARD_PATTERN)) if path.is_dir() and not (path / DATA_FILE).exists() else []
    if not shards:
        return _open_map(path)
    _expect_all(path, [shard.name for shard in shards])
    return _Shards([_open_map(shard) for shard in shards])


def _expect_all(folder: Path, found: list[str]) -> None:
    """Check that no shard is missing: a copy that was broken off is not a smaller store.

    Raises:
        StoreError: if one is, or `shards.json`, which says how many there are.
    """
    note = folder / SHARDS_FILE
    if not note.exists():
        raise StoreError(
            f"{folder}: {SHARDS_FILE} is missing, which says how many shards belong to the store",
            hint="copy the whole folder again",
        )
    expected = _expected_shards(note)
    if found != [shard_name(number) for number in range(expected)]:
        raise StoreError(f"{folder} has {len(found)} of {expected} shards", hint=DAMAGED_HINT)


def _expected_shards(note: Path) -> int:
    """How many shards there should be.

    Raises:
        StoreError: if the note cannot be read, or says no number.
    """
    content = read_json(note, error=StoreError, hint=DAMAGED_HINT)
    expected = content.get("shards") if isinstance(content, dict) else None
    if type(expected) is not int or not 0 < expected <= _MOST_SHARDS:
        raise StoreError(f"{note}: does not say how many shards there are", hint=DAMAGED_HINT)
    return expected


_BEGINNING = 2
"""Characters of a key that tell its kind: S1 or S2."""

FITS_INTO_MEMORY = 0.5
"""Share of the machine's memory; a larger file will not stay in the page cache."""

_MAP_SUFFIX = REFERENCE_MAP_SUFFIX.encode()
DAMAGED_HINT = "the file may be damaged or half copied; copy or encode it again"

_maps: WeakValueDictionary[tuple[int, int], _Map] = WeakValueDictionary()
_maps_lock = threading.Lock()


def _open_map(path: Path) -> _Map:
    """The map of `path`; LMDB forbids to open one file twice in a process.

    Raises:
        StoreError: if there is no store.
    """
    data = path / DATA_FILE if path.is_dir() else path
    if not data.is_file():
        raise StoreError(f"{path} is not a store: {data} is missing", hint=_store_hint(path))
    with _maps_lock:
        file = data.stat()
        identity = (file.st_dev, file.st_ino)
        opened = _maps.get(identity)
        if opened is None:
            try:
                opened = _Map(path, file.st_size)
            except lmdb.Error as error:
                raise _not_opened(path, error) from error
            if file.st_size < opened.nbytes():  # reading behind the end of the file would kill the process
                claimed = opened.nbytes()
                opened.close()  # an error that is kept would keep it open
                raise StoreError(f"{data} has {file.st_size:,} bytes; the store has {claimed:,}", hint=DAMAGED_HINT)
            _maps[identity] = opened  # not before the check: who opens it again must be told again
    return opened


def _not_opened(path: Path, error: Exception) -> StoreError:
    """Why LMDB does not open a file."""
    if os.strerror(errno.EMFILE) in str(error) or os.strerror(errno.ENFILE) in str(error):
        return StoreError(
            f"{path}: there are too many open files; every shard needs one",
            hint="raise the limit (ulimit -n 65536), or encode with fewer --shards",
        )
    if os.strerror(errno.ENOMEM) in str(error):
        return StoreError(
            f"{path}: there is too little address space for a map of the file", hint="raise the limit: ulimit -v"
        )
    return StoreError(f"{path} is not a store ({error})", hint=DAMAGED_HINT)


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """LMDB's errors as ours.

    Raises:
        StoreError: instead of LMDB's error.
    """
    try:
        yield
    except lmdb.Error as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> StoreError:
    return StoreError(f"{path}: is damaged ({error})", hint=DAMAGED_HINT)


def _store_hint(path: Path) -> str:
    inside = sorted(path.glob(f"[!.]*/{DATA_FILE}")) if path.is_dir() else []  # hidden ones are not finished
    if inside:
        return f"did you mean {inside[0].parent}?"
    return "make a store with `reben encode`, and give the directory that it wrote"
