"""Checksums of a store's values, kept in a file beside them, so that a flipped bit on a disk is found.

`checksums.bin`: eight bytes of magic, then the CRC-32 of each value as a little-endian 32-bit number, in the order of
the keys. Other readers of LMDB do not notice it; stores that were written before it existed do not have it.

While a store is written, checksums are appended to a log after each transaction, so that an interrupted store keeps
them.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path

import deflate
import numpy as np
from numpy.typing import NDArray

from reben.core.errors import StoreError
from reben.work import atomic

CHECKSUMS_FILE = "checksums.bin"
_LOG_FILE = "checksums.log"
_MAGIC = b"RBCRC32\n"
_RECORD = np.dtype([("key", "<u8"), ("crc32", "<u4")])


def crc32(value: bytes | memoryview) -> int:
    """CRC-32 of some bytes, as in zip files; libdeflate computes it ten times as fast as zlib."""
    return int(deflate.crc32(value))


def append_to_log(directory: Path, items: Iterable[tuple[str, bytes | memoryview]]) -> None:
    """Note the checksums of values that were written.

    Args:
        directory: hidden folder that becomes the store.
        items: key and value of each.
    """
    records = np.array([(_hash(key.encode()), crc32(value)) for key, value in items], _RECORD)
    with (directory / _LOG_FILE).open("ab") as file:
        file.truncate(file.tell() // _RECORD.itemsize * _RECORD.itemsize)  # the last record may have been cut short
        file.write(records.tobytes())


def read_log(directory: Path) -> dict[int, int]:
    """Checksums by hashed key of what was written so far; a last record that was cut short is left out."""
    path = directory / _LOG_FILE
    raw = path.read_bytes() if path.exists() else b""
    records = np.frombuffer(raw, _RECORD, len(raw) // _RECORD.itemsize)
    return dict(zip(records["key"].tolist(), records["crc32"].tolist(), strict=True))


def lookup(logged: Mapping[int, int], key: bytes) -> int | None:
    """Checksum of the value under `key`, if the log has it."""
    return logged.get(_hash(key))


def write_checksums(directory: Path, checksums: Iterable[int]) -> None:
    """Write the file of a finished store, and remove the log.

    Args:
        directory: folder of the store.
        checksums: CRC-32 of each value, in the order of the keys.
    """
    values = np.fromiter(checksums, "<u4")
    with atomic.new_file(directory / CHECKSUMS_FILE) as partial:
        partial.write_bytes(_MAGIC + values.tobytes())
    (directory / _LOG_FILE).unlink(missing_ok=True)


def read_checksums(store: Path, count: int) -> NDArray[np.uint32] | None:
    """CRC-32 of each value of a store, in the order of its keys; None if the store has none.

    Args:
        store: folder of the store.
        count: how many values it has.

    Raises:
        StoreError: if the file is not one of checksums, or is of another store.
    """
    path = store / CHECKSUMS_FILE
    if not path.is_file():
        return None
    size = len(_MAGIC) + 4 * count
    if path.stat().st_size != size:
        raise StoreError(
            f"{path}: has {path.stat().st_size} bytes; expected {size} for {count} values",
            hint="copy the store again as a whole; without this file it can be read, but not checked",
        )
    raw = path.read_bytes()
    if not raw.startswith(_MAGIC):
        raise StoreError(f"{path}: is not a file of checksums", hint="copy the store again as a whole")
    return np.frombuffer(raw, "<u4", offset=len(_MAGIC)).astype(np.uint32)


def _hash(key: bytes) -> int:
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "little")
