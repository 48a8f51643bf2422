"""The compressed bytes of an archive, one part after the other, from disk or address, hashed on the way."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from reben.core.errors import ArchiveError
from reben.core.release import PublishedFile, published
from reben.io.archives.place import Archive, name_of, shown
from reben.net.requests import open_client
from reben.net.retries import RetryPolicy
from reben.net.stopping import Stop
from reben.net.stream import RemoteStream

if TYPE_CHECKING:
    from httpx2 import Client

_READ_BYTES = 1 << 20


@dataclass
class _FilePart:
    """A part on the disk."""

    path: Path
    nbytes: int = 0
    version: str = ""
    """Changes whenever the file does."""

    def describe(self) -> None:
        """Look at size and time.

        Raises:
            ArchiveError: if it is not a file that can be read.
        """
        try:
            state = self.path.stat()
        except OSError as error:
            raise ArchiveError(
                f"{self.path}: cannot be read ({error.strerror})", hint="check the path, or download it again"
            ) from error
        if not self.path.is_file():
            raise ArchiveError(f"{self.path}: is not a regular file", hint="give the downloaded archive")
        self.nbytes, self.version = state.st_size, str(state.st_mtime_ns)

    def chunks(self, start: int) -> Iterator[bytes]:
        """The bytes from `start` on.

        Raises:
            ArchiveError: if they cannot be read, or the file has changed since it was described.
        """
        before = self.nbytes, self.version
        try:
            with self.path.open("rb", buffering=0) as file:
                file.seek(start)
                while chunk := file.read(_READ_BYTES):
                    yield chunk
        except OSError as error:
            raise ArchiveError(f"{self.path}: cannot be read ({error.strerror})", hint="check the disk") from error
        self.describe()
        if before != (self.nbytes, self.version):
            raise ArchiveError(f"{self.path}: was changed while it was read", hint="give the same command again")


@dataclass
class _RemotePart:
    """A part on a server."""

    file: RemoteStream

    @property
    def nbytes(self) -> int | None:
        return self.file.nbytes

    @property
    def version(self) -> str:
        return self.file.etag

    def describe(self) -> None:
        self.file.describe()

    def chunks(self, start: int) -> Iterator[bytes]:
        return self.file.chunks(start)


@dataclass(frozen=True, slots=True)
class PartReport:
    """What is known of a part that was read."""

    source: str
    nbytes: int | None
    md5: str
    """Of the bytes that were read; empty if they were not read from the first to the last."""
    verified: bool
    """Whether the MD5 was compared with the published one."""


@dataclass
class ArchiveSource:
    """An archive that is open for reading; use it in a `with` block."""

    archive: Archive
    tell: Callable[[str], None] = lambda _: None
    policy: RetryPolicy | None = None
    parts: list[_FilePart | _RemotePart] = field(default_factory=list)
    taken: int = 0
    """Bytes handed out so far."""
    _read: list[PartReport] = field(default_factory=list)
    """Of the parts that were read to their ends."""
    stop: Stop = field(default_factory=Stop)
    _held: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        """Open the archive, and learn its size.

        Raises:
            ArchiveError, DownloadError: if it cannot be had.
        """
        client: Client | None = None
        policy = self.policy or RetryPolicy(sleep=self._sleep)
        with self._held:
            for part in self.archive.parts:
                if isinstance(part, str):
                    client = client or self._held.enter_context(open_client(connections=1))
                    self.parts.append(_RemotePart(RemoteStream(part, client, self.stop, policy, self.tell)))
                else:
                    self.parts.append(_FilePart(part))
                self.parts[-1].describe()
            self._held = self._held.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.stop()
        self._held.close()

    def _sleep(self, seconds: float) -> None:
        self.stop.sleep(seconds)  # the switch of now: `renew` replaces it

    @property
    def nbytes(self) -> int | None:
        """Size of all parts; None if a server does not state that of its part."""
        sizes = [part.nbytes for part in self.parts]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    @property
    def identity(self) -> list[dict[str, Any]]:
        """What tells these bytes from others, for a note that is compared later."""
        return [
            {"source": shown(place), "bytes": part.nbytes, "version": part.version}
            for place, part in zip(self.archive.parts, self.parts, strict=True)
        ]

    @property
    def reports(self) -> list[PartReport]:
        """What is known of all parts by now."""
        places = self.archive.parts[len(self._read) :]
        unread = zip(places, self.parts[len(self._read) :], strict=True)
        return self._read + [PartReport(shown(place), part.nbytes, "", verified=False) for place, part in unread]

    def renew(self) -> None:
        """Make reading possible again after it was stopped."""
        self.stop = Stop()
        for part in self.parts:
            if isinstance(part, _RemotePart):
                part.file.stop = self.stop

    @property
    def is_published(self) -> bool:
        """Whether every part has a published MD5, with which it is compared."""
        return all(
            self._published(place, part.nbytes) for place, part in zip(self.archive.parts, self.parts, strict=True)
        )

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` on.

        Raises:
            ArchiveError, DownloadError: if they cannot be had, or are not what is published under this name and size.
        """
        self._read.clear()
        for place, part in zip(self.archive.parts, self.parts, strict=True):
            if start and part.nbytes is None and part is not self.parts[-1]:
                raise ArchiveError(f"{shown(place)}: has no known size, so reading cannot go on in the middle")
            if start and part.nbytes is not None and start >= part.nbytes:
                start -= part.nbytes
                self._read.append(PartReport(shown(place), part.nbytes, "", verified=False))
                continue
            digest = hashlib.md5(usedforsecurity=False)
            size = start
            for chunk in part.chunks(start):
                if not start:
                    digest.update(chunk)
                size += len(chunk)
                self.taken += len(chunk)
                yield chunk
            self._read.append(self._compared(place, size, "" if start else digest.hexdigest()))
            start = 0

    def hash_again(self) -> None:
        """Read parts from the disk once more whose MD5 is published, but that were not read as a whole.

        Raises:
            ArchiveError: if one is not what is published.
        """
        for number, (part, report) in enumerate(zip(self.parts, self._read, strict=False)):
            if isinstance(part, _FilePart) and not report.md5 and self._published(part.path, part.nbytes):
                self.tell(f"note: {part.path}: is read once more, to compare its MD5 with the published one")
                with part.path.open("rb") as file:
                    md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
                self._read[number] = self._compared(part.path, part.nbytes, md5)

    def _published(self, place: Path | str, nbytes: int | None) -> PublishedFile | None:
        return published(name_of(place), nbytes=nbytes, address=place if isinstance(place, str) else "")

    def _compared(self, place: Path | str, nbytes: int, md5: str) -> PartReport:
        """What is known of a part, after comparison with what is published.

        Raises:
            ArchiveError: if it is not that.
        """
        known = self._published(place, nbytes)
        if known is not None and md5 and md5 != known.md5:
            raise ArchiveError(
                f"{shown(place)}: has the MD5 {md5}; {known.name} is published with {known.md5}",
                hint="download it again",
            )
        return PartReport(shown(place), nbytes, md5, verified=known is not None and bool(md5))
