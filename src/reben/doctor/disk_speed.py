"""How fast a disk writes and reads: in one go, and piece by piece as training reads a store that memory cannot hold."""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np

from reben.core.errors import DiskFullError
from reben.work.disk import free_bytes

PIECE_BYTES = 160_000
"""About a Sentinel-2 value of reBEN."""
_BLOCK_BYTES = 1 << 20
_BLOCKS = 256
_PIECES = 400
_SPARE = 2
"""So many times the room that the measurement takes must be free."""


@dataclass(frozen=True, slots=True)
class DiskSpeed:
    """What a disk does in a second."""

    folder: Path
    free_bytes: int
    write_mb_s: float
    """Written in one go, until it is on the disk; 10^6 bytes."""
    read_mb_s: float
    """Read in one go, without what memory holds of it as far as the system lets go of that."""
    pieces_s: float
    """Pieces of `PIECE_BYTES` from anywhere in the file."""


def measure_disk(folder: Path, *, blocks: int = _BLOCKS, pieces: int = _PIECES) -> DiskSpeed:
    """Write a temporary file, read it, and remove it.

    Args:
        folder: where; it must exist.
        blocks: of 2^20 bytes that are written.
        pieces: that are read from anywhere in the file.

    Raises:
        DiskFullError: if there is too little room.
        OSError: if nothing can be written there.
    """
    free = free_bytes(folder)
    if free < _SPARE * blocks * _BLOCK_BYTES:
        raise DiskFullError(f"{folder}: only {free / 1e6:,.0f} MB are free", hint="name another folder")
    random = np.random.default_rng()
    block = random.bytes(_BLOCK_BYTES)
    with NamedTemporaryFile(dir=folder, prefix=".reben-doctor-") as file:
        number = file.fileno()
        write_s = _seconds(lambda: _write(number, block, blocks))
        _forget(number)
        read_s = _seconds(lambda: [os.pread(number, _BLOCK_BYTES, at * _BLOCK_BYTES) for at in range(blocks)])
        _forget(number)
        places = random.integers(0, blocks * _BLOCK_BYTES - PIECE_BYTES, pieces).tolist()
        pieces_s = _seconds(lambda: [os.pread(number, PIECE_BYTES, place) for place in places])
    megabytes = blocks * _BLOCK_BYTES / 1e6
    return DiskSpeed(folder, free, megabytes / write_s, megabytes / read_s, pieces / pieces_s)


def _write(number: int, block: bytes, blocks: int) -> None:
    """Write until it is on the disk, each block another one, so that no file system packs them together."""
    for at in range(blocks):
        os.pwrite(number, at.to_bytes(8, "little") + block[8:], at * len(block))
    os.fsync(number)


def _forget(number: int) -> None:
    """Ask the system to let go of what it holds of a file in memory."""
    with suppress(AttributeError, OSError):  # not every system can
        os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return max(time.perf_counter() - began, 1e-9)
