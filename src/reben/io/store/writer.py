"""Write a store: in transactions, in a map that grows, under a temporary name until it is complete."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import lmdb

from reben.core.errors import DiskFullError, StoreError
from reben.io.small_files import read_json
from reben.io.store import checksums
from reben.io.store.keys import read_key_pages
from reben.io.store.values import DATA_FILE, LONGEST_KEY
from reben.work import atomic
from reben.work.progress import Advance, unseen

_FIRST_MAP_BYTES = 1 << 26
TRANSACTION_BYTES = 1 << 22
"""Values that are written together: they fit into the processor's cache."""
_FULL_BYTES = 1 << 24  # with less left, a transaction has no room
_KEPT_BYTES = 31 << 20  # glibc heeds up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD)
_SESSION_FILE = "session.json"
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

Item = TypeVar("Item")


@contextmanager
def create_store(target: Path) -> Iterator["StoreWriter"]:
    """A writer for a new store; `target` appears when the block ends well, and only then.

    Equal values written in equal transactions give equal bytes.

    Raises:
        TargetExistsError: if `target` exists, or another process is writing it.
        StoreError: if a key is given twice, or the disk is full.
    """
    with atomic.new_directory(target) as partial:
        writer = StoreWriter(partial)
        try:
            yield writer
            writer.finish()
        finally:
            writer.close()


@contextmanager
def resume_store(target: Path, *, origin: str) -> Iterator["StoreWriter"]:
    """A writer for a new store, or for one whose writing was interrupted; `target` appears when the block ends well.

    Transactions that were committed are kept, unless the machine was started anew since: they may not have reached the
    disk then. Equal values written in equal transactions give equal bytes, however often they were interrupted.

    Args:
        target: directory of the store.
        origin: says what is written; an interrupted store is only gone on with for the same.

    Raises:
        TargetExistsError: if `target` exists, or another process is writing it.
        StoreError: if an interrupted store is of another origin, a key is given twice, or the disk is full.
    """
    with atomic.resumable_directory(target) as partial:
        _keep_or_discard(partial, origin)
        writer = StoreWriter(partial)
        try:
            yield writer
            writer.finish()
        finally:
            writer.close()
        (partial / _SESSION_FILE).unlink()


def _keep_or_discard(partial: Path, origin: str) -> None:
    """Note what is written, or decide what becomes of an interrupted store.

    Raises:
        StoreError: if it is of another origin, or no store at all.
    """
    note, session = partial / _SESSION_FILE, {"origin": origin, "boot": _BOOT_ID.read_text().strip()}
    if note.exists():
        before = read_json(note, error=StoreError, hint="delete this folder to start again")
        begun = before.get("origin") if isinstance(before, dict) else None
        if begun != origin and not _is_empty(partial):
            raise StoreError(
                f"{partial}: an unfinished store was begun from something else ({begun})",
                hint="give the same command to resume it, or delete this folder to start again",
            )
        if before == session:
            return
    found = list(partial.iterdir())
    if folders := [path.name for path in found if path.is_dir()]:
        raise StoreError(
            f"{partial}: holds something else than an unfinished store ({folders[0]})",
            hint="give the same command as before to resume it, or delete this folder to start again",
        )
    for path in found:
        path.unlink()
    atomic.write_json(note, session)


def _is_empty(unfinished: Path) -> bool:
    """Whether there is nothing to lose: no value was written, and no shard begun."""
    if any(path.is_dir() for path in unfinished.iterdir()):
        return False
    if not (unfinished / DATA_FILE).exists():
        return True
    try:
        with lmdb.open(os.fsencode(unfinished), map_size=0, readonly=True, lock=False) as interrupted:
            return not interrupted.stat()["entries"]
    except lmdb.Error:  # not even its first page was written
        return True


def _map_bytes(unfinished: Path) -> int:
    """Size of the map of a store whose writing was interrupted.

    Raises:
        StoreError: if it cannot be opened.
    """
    try:
        with lmdb.open(os.fsencode(unfinished), map_size=0, readonly=True, lock=False) as interrupted:
            return int(interrupted.info()["map_size"])
    except lmdb.Error as error:
        raise StoreError(
            f"{unfinished}: the unfinished store is damaged ({error})", hint="delete this folder to start again"
        ) from error


class StoreWriter:
    """Writes values into a store that is being made; use `create_store` or `resume_store`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        """Hidden folder that becomes the store."""
        self._map_bytes = _FIRST_MAP_BYTES
        if (directory / DATA_FILE).exists():
            self._map_bytes = max(self._map_bytes, _map_bytes(directory))
        _let_memory_be_kept()
        self._environment = self._open()
        self.count = int(self._environment.stat()["entries"])
        """Values written so far."""

    def __iter__(self) -> Iterator[str]:
        """Keys written so far, sorted."""
        return (key.decode() for key in self._keys())

    def _keys(self) -> Iterator[bytes]:
        """The same, out of the tree: the binding would bring a page of every value into memory."""
        return chain.from_iterable(read_key_pages(self.directory / DATA_FILE))

    def value(self, key: str) -> bytes | None:
        """A value written so far; None if there is none."""
        with self._environment.begin() as transaction:
            value: bytes | None = transaction.get(key.encode())
            return value

    @property
    def begun_ns(self) -> int:
        """When writing began, also if it was interrupted since, in nanoseconds since 1970."""
        return (self.directory / _SESSION_FILE).stat().st_mtime_ns

    def write(self, items: Sequence[tuple[str, bytes | memoryview]]) -> None:
        """Write some values in one transaction, in the given order.

        A few megabytes at a time are fastest: they go to the disk while still in the processor's cache.

        Raises:
            StoreError: if a key is empty, too long or there already, or the disk is full.
        """
        for key, _ in items:
            if not 0 < len(key.encode()) <= LONGEST_KEY:
                raise StoreError(f"key {key!r} has {len(key.encode())} bytes; a store takes 1 to {LONGEST_KEY}")
        while not self._fits(items):
            self._grow()
        checksums.append_to_log(self.directory, items)
        self.count += len(items)
        # LMDB uses the memory of old pages again, and their content shows in the unused parts of new ones. Opening the
        # files anew makes the bytes depend on the transactions alone, not on what this process did before.
        self._environment.close()
        self._environment = self._open()

    def write_all(self, items: Iterable[tuple[str, bytes | memoryview]], *, progress: Advance = unseen) -> None:
        """Write any number of values, some megabytes per transaction.

        Args:
            items: key and value of each, in the order in which they are written.
            progress: called with the number of values just written.

        Raises:
            StoreError: if a key is empty, too long or there already, or the disk is full.
        """
        for batch in transactions(items, lambda item: len(item[1])):
            self.write(batch)
            progress(len(batch))

    def finish(self) -> None:
        """Write the checksums and force everything to the disk.

        Raises:
            StoreError: if the disk is full.
        """
        try:
            checksums.write_checksums(self.directory, self._checksums())
            self._environment.sync(True)  # noqa: FBT003 - lmdb takes it by position
        except lmdb.Error as error:
            raise self._write_error(error) from error

    def _checksums(self) -> Iterator[int]:
        """CRC-32 of each value in the order of the keys; a value whose checksum was not noted is read again.

        The process may have been killed between a transaction and the note of its checksums.
        """
        logged = checksums.read_log(self.directory)
        with self._environment.begin(buffers=True) as transaction:
            for key in self._keys():
                known = checksums.lookup(logged, key)
                yield checksums.crc32(transaction.get(key)) if known is None else known

    def close(self) -> None:
        """Let go of the files."""
        self._environment.close()

    def _open(self) -> Any:  # noqa: ANN401 - lmdb has no types
        """Open the files; only we write them, so that LMDB needs no locks."""
        return lmdb.open(
            os.fsencode(self.directory),  # names need not be UTF-8
            map_size=self._map_bytes,
            sync=False,
            metasync=False,
            readahead=False,
            lock=False,
            mode=0o666,
        )

    def _fits(self, items: Sequence[tuple[str, bytes | memoryview]]) -> bool:
        """Write `items` in one transaction; False, with nothing written, if the map is too small for them.

        Raises:
            StoreError: if a key is there already, or the disk is full.
        """
        try:
            with self._environment.begin(write=True) as transaction:
                for key, value in items:
                    if not transaction.put(key.encode(), value, overwrite=False):
                        raise StoreError(f"key {key!r} is written twice")
        except lmdb.MapFullError:
            return False
        except lmdb.Error as error:
            raise self._write_error(error) from error
        return True

    def _grow(self) -> None:
        """Double the map.

        Raises:
            StoreError: if the address space ends.
        """
        self._map_bytes *= 2
        try:
            self._environment.set_mapsize(self._map_bytes)
        except lmdb.Error as error:
            raise StoreError(
                f"the store cannot grow to a map of {self._map_bytes:,} bytes ({error})",
                hint="raise the limit on address space (ulimit -v), or encode fewer patches per store",
            ) from error

    def _write_error(self, error: Exception) -> StoreError:
        """What went wrong; LMDB reports a full disk as an input/output error when a page was written in part."""
        place = self.directory.parent
        disk = os.statvfs(place)
        if "No space left" not in str(error) and disk.f_bavail * disk.f_frsize > _FULL_BYTES:
            return StoreError(f"the store in {place} cannot be written ({error})")
        return DiskFullError(
            f"the disk of {place} is full ({error})",
            hint="free some space, or choose a target on another disk; there is nothing under the target's name yet",
        )


def _let_memory_be_kept() -> None:
    """Have the C library keep freed blocks of the size of values, instead of giving them back and asking anew.

    glibc takes what is freed first as a hint to what will be: with this, LMDB's pages come from memory that is there.
    Writing 320 MB of values took half the time on the development machine. Elsewhere it does nothing.
    """
    bytearray(_KEPT_BYTES)


def transactions(items: Iterable[Item], nbytes: Callable[[Item], int]) -> Iterator[list[Item]]:
    """The items in portions that are written together, which depend on their sizes alone.

    Whoever makes a store of the same values in these portions makes the same bytes.

    Args:
        items: in the order in which they are written.
        nbytes: size of the value of an item.
    """
    batch: list[Item] = []
    size = 0
    for item in items:
        further = nbytes(item)
        if batch and size + further > TRANSACTION_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += further
    if batch:
        yield batch
