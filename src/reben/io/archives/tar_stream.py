"""Read a tar archive from front to back, strictly: files, and what is needed to name them; anything else is refused.

Sources: POSIX.1-2017, pax interchange format; GNU tar manual, "Basic Tar Format" (long names, numbers in base 256).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reben.core.errors import ArchiveError

BLOCK = 512
_NAME, _SIZE, _CHECKSUM, _KIND, _MAGIC, _PREFIX = (
    slice(0, 100), slice(124, 136), slice(148, 156), slice(156, 157), slice(257, 265), slice(345, 500),
)  # fmt: skip
_GNU, _POSIX = b"ustar  \0", b"ustar\x0000"
_ZEROS = bytes(BLOCK)
_MOST_NAME_BYTES = 1 << 13
_MOST_PAX_BYTES = 1 << 16
_MOST_END_BYTES = 1 << 20
"""Zeros behind the two empty blocks that end an archive; tar fills up a record, of 10,240 bytes by default."""
_MOST_KNOWN = 4_096
_OCTAL = re.compile(rb" *([0-7]+)[ \0]*", re.DOTALL)
_REFUSED = {
    b"1": "a hard link", b"2": "a symbolic link", b"3": "a device", b"4": "a device", b"6": "a pipe",
    b"S": "a sparse file", b"M": "the rest of a file of another volume", b"K": "a link with a long target",
}  # fmt: skip
_HINT = "expected an archive of files and folders, as published"


@dataclass(frozen=True, slots=True)
class Member:
    """A file or a folder of an archive."""

    path: str
    """Without `./` at its beginning."""
    offset: int
    """Of its first header in the archive."""
    is_folder: bool
    data: bytes | None
    """Content of a file that was wanted."""


@dataclass(frozen=True, slots=True)
class _Header:
    kind: bytes
    path: str
    size: int


class Text:
    """The text of an archive, read from pieces."""

    def __init__(self, pieces: Iterator[bytes], position: int = 0) -> None:
        self._pieces = pieces
        self._piece, self._at = b"", 0
        self.position = position
        """Of the next byte in the archive."""

    def take(self, nbytes: int) -> bytes:
        """The next bytes; fewer at the end only."""
        end = self._at + nbytes
        if end <= len(self._piece):
            taken = self._piece[self._at : end]
            self._at = end
        else:
            taken = b"".join(self._across(nbytes))
        self.position += len(taken)
        return taken

    def skip(self, nbytes: int) -> int:
        """Leave out bytes; how many there were."""
        end = self._at + nbytes
        if end <= len(self._piece):
            self._at, skipped = end, nbytes
        else:
            skipped = sum(len(piece) for piece in self._across(nbytes))
        self.position += skipped
        return skipped

    def _across(self, nbytes: int) -> Iterator[bytes]:
        """The next bytes in several pieces."""
        while nbytes:
            if self._at == len(self._piece):
                piece = next(self._pieces, None)
                if piece is None:
                    return
                self._piece, self._at = piece, 0
            part = self._piece[self._at : self._at + nbytes]
            self._at += len(part)
            nbytes -= len(part)
            yield part


def members(text: Text, *, wanted: Callable[[str], bool], most_bytes: int) -> Iterator[Member]:
    """The files and folders of an archive, in its order.

    Args:
        text: the archive, from a header on.
        wanted: whether a file's content is to be read; the others are left out without a copy.
        most_bytes: largest file that may be wanted.

    Raises:
        ArchiveError: if the archive is damaged, cut short, or holds anything but files and folders inside it.
    """
    reader = _Reader(text)
    while (found := reader.next_header()) is not None:
        header, offset = found
        is_folder = header.kind == b"5"
        is_wanted = not is_folder and wanted(header.path)
        if is_wanted and header.size > most_bytes:
            raise ArchiveError(
                f"{header.path}: claims {header.size:,} bytes; such a file has at most {most_bytes:,}", hint=_HINT
            )
        yield Member(header.path, offset, is_folder, reader.content(header.size, is_wanted=is_wanted))
    reader.expect_end()


class _Reader:
    """Reads headers; those that are equal to one before, byte for byte, are not taken apart again."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._known: dict[bytes, _Header] = {}

    def next_header(self) -> tuple[_Header, int] | None:
        """The header of the next file or folder, and where its first block lies; None at the end.

        Raises:
            ArchiveError: if it is damaged, or of something else.
        """
        text, offset = self._text, self._text.position
        long_name: str | None = None
        size: int | None = None
        while True:
            raw = text.take(BLOCK)
            header = self._known.get(raw)
            if header is None:
                if raw == _ZEROS:
                    self._expect_nothing_pending(text.position - BLOCK - offset)
                    return None
                header = self._parse(raw)
            if header.kind == b"L":
                long_name = self._long_name(header.size)
            elif header.kind == b"x":
                long_name, size = self._pax(header.size, long_name, size)
            elif header.kind == b"g":
                self._expect_no_attributes(header.size)
            elif long_name is None and size is None:
                return _Header(header.kind, _checked(header.path), header.size), offset
            else:
                path = header.path if long_name is None else long_name
                return _Header(header.kind, _checked(path), header.size if size is None else size), offset

    def content(self, size: int, *, is_wanted: bool) -> bytes | None:
        """The content that follows a header.

        Raises:
            ArchiveError: if the archive ends within.
        """
        padding = -size % BLOCK
        if not is_wanted:
            self._expect(self._text.skip(size + padding), size + padding)
            return None
        data = self._text.take(size)
        self._expect(len(data) + self._text.skip(padding), size + padding)
        return data

    def expect_end(self) -> None:
        """Read what follows the first empty block.

        Raises:
            ArchiveError: if it is anything but zeros, and one block of them at least.
        """
        end = self._text.take(BLOCK)
        self._expect(len(end), BLOCK)
        total = 0
        while end:
            if end.count(0) != len(end):
                raise ArchiveError(
                    f"has data behind its end, at byte {self._text.position - len(end):,}", hint="download it again"
                )
            total += len(end)
            if total > _MOST_END_BYTES:
                raise ArchiveError("has zeros behind its end, and no end of them", hint="download it again")
            end = self._text.take(1 << 14)

    def _expect(self, found: int, expected: int) -> None:
        if found != expected:
            raise ArchiveError(
                f"ends in the middle of a file, at byte {self._text.position:,} of the tar archive",
                hint="download it again",
            )

    def _parse(self, raw: bytes) -> _Header:
        """What a header block says.

        Raises:
            ArchiveError: if it is damaged, or of something that we do not read.
        """
        self._expect(len(raw), BLOCK)
        place = f"at byte {self._text.position - BLOCK:,} of the tar archive"
        stated = _number(raw[_CHECKSUM], place)
        if stated != sum(raw) - sum(raw[_CHECKSUM]) + 8 * ord(" "):
            raise ArchiveError(f"has a damaged header {place} (its checksum differs)", hint="download it again")
        magic, kind = raw[_MAGIC], raw[_KIND]
        if magic not in {_GNU, _POSIX}:
            raise ArchiveError(f"has a header of an unknown kind {place}", hint="expected a GNU, ustar or pax archive")
        path = _text_of(raw[_NAME])
        if magic == _POSIX and (prefix := _text_of(raw[_PREFIX])):
            path = f"{prefix}/{path}"
        if kind not in {b"0", b"\0", b"7", b"5", b"L", b"x", b"g"}:
            what = _REFUSED.get(kind, f"of the unknown kind {kind!r}")
            raise ArchiveError(f"{path}: is {what}; refused", hint=_HINT)
        header = _Header(kind, path, 0 if kind == b"5" else _number(raw[_SIZE], place))
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[raw] = header
        return header

    def _long_name(self, size: int) -> str:
        if not 0 < size <= _MOST_NAME_BYTES:
            raise ArchiveError(f"has a file name of {size:,} bytes; at most {_MOST_NAME_BYTES:,} are read", hint=_HINT)
        name = self._text.take(size + -size % BLOCK)
        self._expect(len(name), size + -size % BLOCK)
        return _text_of(name[:size])

    def _pax(self, size: int, path: str | None, nbytes: int | None) -> tuple[str | None, int | None]:
        """Path and size from an extended header, where it has them.

        Raises:
            ArchiveError: if it is damaged, or describes a sparse file.
        """
        for key, value in self._records(size):
            if key == b"path":
                path = _text_of(value)
            elif key == b"size":
                nbytes = _decimal(value)
            elif key.startswith(b"GNU.sparse"):
                raise ArchiveError(f"{path or 'a file'}: is a sparse file; refused", hint=_HINT)
        return path, nbytes

    def _expect_no_attributes(self, size: int) -> None:
        """Check that a global header changes nothing that we read."""
        if any(key in {b"path", b"size"} or key.startswith(b"GNU.") for key, _ in self._records(size)):
            raise ArchiveError("has a global header that renames or resizes all files; refused", hint=_HINT)

    def _records(self, size: int) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values of an extended header: `LENGTH KEY=VALUE` and a line feed each."""
        if size > _MOST_PAX_BYTES:
            raise ArchiveError(f"has an extended header of {size:,} bytes; at most {_MOST_PAX_BYTES:,}", hint=_HINT)
        raw = self._text.take(size + -size % BLOCK)
        self._expect(len(raw), size + -size % BLOCK)
        at = 0
        while at < size:
            digits, space, _ = raw[at : min(at + 8, size)].partition(b" ")
            length = _decimal(digits) if space else 0
            record = raw[at + len(digits) + 1 : at + length]
            key, equals, value = record[:-1].partition(b"=")
            if not equals or at + length > size or record[-1:] != b"\n":
                raise ArchiveError("has a damaged extended header", hint="download it again")
            yield key, value
            at += length

    def _expect_nothing_pending(self, nbytes: int) -> None:
        """Check that the end does not follow headers that describe a file."""
        if nbytes:
            raise ArchiveError("ends behind headers that describe a file", hint="download it again")


def _text_of(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _decimal(raw: bytes) -> int:
    """A number in decimal digits.

    Raises:
        ArchiveError: if it is none.
    """
    if not raw.isdigit() or len(raw) > 18:  # noqa: PLR2004 - digits of the largest file sizes
        raise ArchiveError("has a damaged extended header", hint="download it again")
    return int(raw)


def _number(raw: bytes, place: str) -> int:
    """A number of a header: octal digits, or, if it is large, base 256.

    Raises:
        ArchiveError: if it is neither, or negative.
    """
    if raw[0] == 0x80:  # noqa: PLR2004 - the mark of base 256
        return int.from_bytes(raw[1:], "big")
    match = _OCTAL.fullmatch(raw)
    if match is None:
        raise ArchiveError(f"has a damaged header {place} (a number is {raw!r})", hint="download it again")
    return int(match[1], 8)


def _checked(path: str) -> str:
    """A path inside the archive, without `./` at its beginning.

    Raises:
        ArchiveError: if it leads out of it, or to nothing.
    """
    if path.startswith("/") or (".." in path and ".." in path.split("/")):
        raise ArchiveError(f"{path}: leads out of the archive; refused", hint=_HINT)
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    return path.rstrip("/")
