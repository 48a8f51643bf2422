"""Write a store: in transactions, in a map that grows, under a temporary name until it is complete."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import lmdb

from reben.core.errors import StoreError
from reben.io import atomic
from reben.io.store.values import LONGEST_KEY

_FIRST_MAP_BYTES = 1 << 26
_FULL_BYTES = 1 << 24  # with less left, a transaction has no room


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
        (partial / "lock.mdb").unlink(missing_ok=True)  # holds nothing but this process's traces


class StoreWriter:
    """Writes values into a store that is being made; use `create_store`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._map_bytes = _FIRST_MAP_BYTES
        self._environment = lmdb.open(
            str(directory), map_size=self._map_bytes, sync=False, metasync=False, readahead=False, mode=0o666
        )
        self.count = 0
        """Values written so far."""

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
        self.count += len(items)

    def finish(self) -> None:
        """Force everything to the disk.

        Raises:
            StoreError: if the disk is full.
        """
        try:
            self._environment.sync(True)  # noqa: FBT003 - lmdb takes it by position
        except lmdb.Error as error:
            raise self._write_error(error) from error

    def close(self) -> None:
        """Let go of the files."""
        self._environment.close()

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
        place = self._directory.parent
        disk = os.statvfs(place)
        if "No space left" not in str(error) and disk.f_bavail * disk.f_frsize > _FULL_BYTES:
            return StoreError(f"the store in {place} cannot be written ({error})")
        return StoreError(
            f"the disk of {place} is full ({error})",
            hint="free some space, or choose a target on another disk; nothing was left under the target's name",
        )
