"""One tar archive of a release: its text hashed, compressed as the published ones were, and cut into parts if wanted.

Compression: as `zstd -6 --threads=0`, one frame with the checksum of its content. libzstd's threads compress jobs of
8 MiB each, so that the result depends on the version of libzstd, but not on the number of threads or on how the text is
cut into pieces.
"""

import hashlib
import os
import shutil
import string
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import product
from pathlib import Path

from reben.core.errors import ReleaseError
from reben.release.report import ArchiveRecord, FileEntry

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, ZstdCompressor
else:
    from backports.zstd import CompressionParameter, ZstdCompressor

PUBLISHED_LEVEL = 6
"""Of zstd."""
SUFFIX = ".zst"

_TOGETHER_BYTES = 8 << 20
"""Text that is handed to the threads at once."""
_PART_NAMES = tuple("".join(letters) for letters in product(string.ascii_lowercase, repeat=2))
"""What is put behind the name of an archive in parts, as `split` does."""


def expect_few_parts(name: str, nbytes: int, part_bytes: int | None) -> None:
    """Check that an archive does not fall into more parts than have a name.

    Args:
        name: of the archive.
        nbytes: of its text; compressed it has less.
        part_bytes: size of a part; None if it is not cut.

    Raises:
        ReleaseError: if there may be too many.
    """
    if part_bytes is not None and nbytes > part_bytes * len(_PART_NAMES):
        least = -(-nbytes // len(_PART_NAMES))
        raise ReleaseError(
            f"{name}: parts of {part_bytes:,} bytes would be more than {len(_PART_NAMES)}",
            hint=f"give a size of at least {least / 1e9:.3f} GB",
        )


def write_archive(
    text: Iterable[bytes],
    folder: Path,
    name: str,
    *,
    level: int = PUBLISHED_LEVEL,
    threads: int = 1,
    part_bytes: int | None = None,
) -> ArchiveRecord:
    """Compress the text of an archive into a folder; its files are there whole at the end, or not at all.

    Args:
        text: the tar archive, in pieces.
        folder: to write to.
        name: of the tar archive; `.zst` is put behind it, and then `aa`, `ab` ... if there is more than one part.
        level: of the compression.
        threads: that compress.
        part_bytes: largest size of a file; None for one file.

    Raises:
        OSError: if there is no room.
    """
    writing = folder / f".{name}.writing"
    shutil.rmtree(writing, ignore_errors=True)  # what a killed process left behind
    writing.mkdir()
    options: dict[int, int] = {
        CompressionParameter.compression_level: level,
        CompressionParameter.checksum_flag: 1,
        CompressionParameter.nb_workers: threads,
    }
    tar = _Digest()
    try:
        with closing(_Parts(writing, f"{name}{SUFFIX}", part_bytes)) as parts, ThreadPoolExecutor(1) as executor:
            compressor = ZstdCompressor(options=options)
            for piece in _alongside(executor, _joined(text), tar):
                parts.write(compressor.compress(piece))
            parts.write(compressor.flush())
            entries = parts.end()
        for entry in entries:
            (writing / entry.name).replace(folder / entry.name)
    finally:
        shutil.rmtree(writing, ignore_errors=True)
    return ArchiveRecord(name=name, tar_md5=tar.md5.hexdigest(), tar_nbytes=tar.nbytes, files=tuple(entries))


class _Digest:
    def __init__(self) -> None:
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.nbytes = 0

    def update(self, piece: bytes) -> None:
        self.md5.update(piece)
        self.nbytes += len(piece)


def _alongside(executor: ThreadPoolExecutor, pieces: Iterator[bytes], digest: _Digest) -> Iterator[bytes]:
    """The pieces, each hashed by a thread while it is used here."""
    hashing: Future[None] | None = None
    for piece in pieces:
        if hashing is not None:
            hashing.result()
        hashing = executor.submit(digest.update, piece)
        yield piece
    if hashing is not None:
        hashing.result()


def _joined(text: Iterable[bytes]) -> Iterator[bytes]:
    """The same text in larger pieces."""
    waiting: list[bytes] = []
    nbytes = 0
    for piece in text:
        waiting.append(piece)
        nbytes += len(piece)
        if nbytes >= _TOGETHER_BYTES:
            yield b"".join(waiting)
            waiting, nbytes = [], 0
    yield b"".join(waiting)


class _Part:
    """A file that is being written, and hashed on the way."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("wb")
        self._md5, self._sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()
        self.nbytes = 0

    def write(self, content: memoryview) -> None:
        self._file.write(content)
        self._md5.update(content)
        self._sha256.update(content)
        self.nbytes += len(content)

    def end(self, name: str) -> FileEntry:
        """Force the file to the disk, and give it its name."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.rename(self._path.with_name(name))
        return FileEntry(name=name, nbytes=self.nbytes, md5=self._md5.hexdigest(), sha256=self._sha256.hexdigest())

    def close(self) -> None:
        """Let go of the file, whole or not."""
        self._file.close()


class _Parts:
    """Writes bytes into files of a largest size; the only one has no letters behind its name."""

    def __init__(self, folder: Path, name: str, part_bytes: int | None) -> None:
        self._folder, self._name, self._part_bytes = folder, name, part_bytes
        self._ended: list[FileEntry] = []
        self._part = self._next()

    def write(self, content: bytes) -> None:
        """Write to the last part, and to further ones where it is full."""
        rest = memoryview(content)
        while rest:
            room = len(rest) if self._part_bytes is None else self._part_bytes - self._part.nbytes
            if not room:
                self._ended.append(self._part.end(self._lettered()))
                self._part = self._next()
                continue
            self._part.write(rest[:room])
            rest = rest[room:]

    def end(self) -> list[FileEntry]:
        """End the last part; what has been written."""
        self._ended.append(self._part.end(self._lettered() if self._ended else self._name))
        return self._ended

    def close(self) -> None:
        """Let go of the last part, whatever has happened."""
        self._part.close()

    def _next(self) -> _Part:
        return _Part(self._folder / f".{len(self._ended)}")

    def _lettered(self) -> str:
        return self._name + _PART_NAMES[len(self._ended)]
