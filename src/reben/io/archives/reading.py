"""The text of an archive, read, hashed and decoded in threads ahead of whoever takes it apart."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reben.core.errors import ArchiveError
from reben.core.release import may_hold_published_tar, tar_inside
from reben.io.archives import gzip_stream, zstd_stream
from reben.io.archives.source import ArchiveSource
from reben.io.archives.zstd_stream import START, Entry
from reben.work.ahead import ahead

_GROUP_BYTES = 1 << 20
_CHUNKS_AHEAD, _GROUPS_AHEAD = 8, 8
"""Mebibytes, about, that wait to be decoded, and to be taken."""


class _TarDigest:
    """MD5 of a tar archive whose compressed form is not a published file, but which itself may be."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nbytes = 0
        self._md5 = hashlib.md5(usedforsecurity=False)

    def update(self, piece: bytes) -> None:
        self._md5.update(piece)
        self._nbytes += len(piece)

    def compare(self) -> None:
        """Compare what was read, from the first byte to the last, with what is published.

        Raises:
            ArchiveError: if the size is that of a published archive, and the content is not.
        """
        known = tar_inside(self._name, self._nbytes)
        if known is not None and self._md5.hexdigest() != known.tar_md5:
            raise ArchiveError(
                f"the tar archive inside has the MD5 {self._md5.hexdigest()}; that of {known.name} is {known.tar_md5}",
                hint="download it again",
            )


@contextmanager
def open_text(
    source: ArchiveSource, entry: Entry = START, *, found: Callable[[Entry], None] = lambda _: None
) -> Iterator[Iterator[bytes]]:
    """The text of an archive from an entry on, in pieces.

    Args:
        source: open.
        entry: where to begin.
        found: called with each entry that the text so far contains.

    Raises:
        ArchiveError, DownloadError: if the archive is damaged, cannot be had, or is not what is published under its
            name and size.
    """
    name = str(source.archive)
    digest = _digest_of(source, entry)
    source.renew()
    stop = source.stop.stop
    with (
        ahead(source.chunks(entry.position), _CHUNKS_AHEAD, stop=stop) as chunks,
        ahead(_grouped(_decoded(source, chunks, entry), digest), _GROUPS_AHEAD, stop=stop) as groups,
    ):
        yield _text(groups, found, name)


def with_name(name: str, error: ArchiveError) -> ArchiveError:
    """The same error, with the archive in which it was found.

    Args:
        name: of the archive.
        error: as the modules that decode raise it.
    """
    message = str(error)
    return error if message.startswith(name) else ArchiveError(f"{name}: {message}", hint=error.hint)


def _text(groups: Iterator[list[bytes | Entry]], found: Callable[[Entry], None], name: str) -> Iterator[bytes]:
    try:
        for group in groups:
            for item in group:
                if isinstance(item, Entry):
                    found(item)
                else:
                    yield item
    except ArchiveError as error:
        raise with_name(name, error) from error


def _decoded(source: ArchiveSource, chunks: Iterator[bytes], entry: Entry) -> Iterator[bytes | Entry]:
    if source.archive.compression == "zstd":
        return zstd_stream.decode(chunks, entry)
    if source.archive.compression == "gzip":
        return gzip_stream.decode(chunks)
    return _plain(chunks, entry.position)


def _plain(chunks: Iterator[bytes], position: int) -> Iterator[bytes | Entry]:
    """The text of an archive that is not compressed; it can be entered anywhere."""
    last = position
    for chunk in chunks:
        if position - last >= zstd_stream.ENTRY_DISTANCE:
            last = position
            yield Entry(position, position)
        position += len(chunk)
        yield chunk


def _grouped(pieces: Iterator[bytes | Entry], digest: _TarDigest | None) -> Iterator[list[bytes | Entry]]:
    """The pieces in groups of about a mebibyte: handing each over would take longer than decoding it."""
    group: list[bytes | Entry] = []
    nbytes = 0
    for piece in pieces:
        group.append(piece)
        if isinstance(piece, Entry):
            continue
        nbytes += len(piece)
        if digest is not None:
            digest.update(piece)
        if nbytes >= _GROUP_BYTES:
            yield group
            group, nbytes = [], 0
    yield group
    if digest is not None:
        digest.compare()


def _digest_of(source: ArchiveSource, entry: Entry) -> _TarDigest | None:
    """What hashes the tar archive, where its MD5 says more than that of the compressed file."""
    name = source.archive.name
    if entry.text_position or source.is_published or not may_hold_published_tar(name, source.nbytes):
        return None
    return _TarDigest(name)
