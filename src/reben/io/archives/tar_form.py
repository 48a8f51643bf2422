"""Write tar archives as reBEN's were written: by GNU tar, files only, sorted by path, without owner, of one time.

`find FOLDER -type f | LC_ALL=C sort | tar --create --no-recursion --files-from=- --owner=0 --group=0 --numeric-owner
--mtime=@1704067200 --mode=MODE` makes the same bytes. The order is the caller's business.

Sources: GNU tar manual, "Basic Tar Format" (headers, long names, numbers in base 256); sizes of reBEN's published
archives and what is known of their members: owner and group 0, 2024-01-01 00:00 UTC. Their mode bits, and whether they
name the owner, are not known.
"""

from dataclasses import dataclass
from functools import lru_cache

from reben.core.errors import ArchiveError
from reben.io.archives.tar_stream import BLOCK

RECORD = 20 * BLOCK
"""An archive is filled up to a multiple of this size."""
PUBLISHED_TIME = 1_704_067_200
"""2024-01-01 00:00 UTC, in seconds since 1970."""

_NAME_BYTES = 100
_LONGEST_NAME = 4_096  # PATH_MAX of Linux
_LARGEST_OCTAL = 8**11 - 1
_MAGIC = b"ustar  \0"
_LONG_NAME = b"././@LongLink"
_LONG_NAME_MODE = 0o644
_CHECKSUM_AT, _MODE_AT, _OWNER_AT = 148, 100, slice(265, 297)


@dataclass(frozen=True, slots=True)
class TarForm:
    """What the headers of all members have in common."""

    mode: int = 0o644
    """Permission bits."""
    owner: str = ""
    """Name of user and group number 0: `root`, or empty as with --numeric-owner."""
    time_s: int = PUBLISHED_TIME
    """Modification time, in seconds since 1970."""

    def __str__(self) -> str:
        """The form for messages.

        >>> str(TarForm())
        'mode 0644, owners by number'
        """
        return f"mode {self.mode:04o}, {f'owner {self.owner}' if self.owner else 'owners by number'}"


def member(form: TarForm, path: str, content: bytes) -> bytes:
    """A file of an archive: header or headers, content, and zeros up to the next block.

    Args:
        form: of its header.
        path: in the archive.
        content: of the file.

    Raises:
        ArchiveError: if the path cannot stand in a header.
    """
    return b"".join((headers(form, path, len(content)), content, bytes(-len(content) % BLOCK)))


def headers(form: TarForm, path: str, nbytes: int) -> bytes:
    """The header of a file, behind those that give its name where that is longer than a header can hold.

    Raises:
        ArchiveError: if the path cannot stand in a header.
    """
    name = path.encode(errors="surrogateescape")
    if not name or len(name) > _LONGEST_NAME or b"\0" in name or name.startswith(b"/"):
        raise ArchiveError(f"{path[:80]!r} cannot be the path of a file in an archive")
    before = _long_name(form.owner, name) if len(name) > _NAME_BYTES else b""
    return before + _header(form, name[:_NAME_BYTES], nbytes)


def member_bytes(path: str, nbytes: int) -> int:
    """Bytes that a file takes in an archive.

    >>> member_bytes("x" * 101, 29_196)
    31232
    """
    name = len(path.encode(errors="surrogateescape"))
    long_name = BLOCK + _filled(name + 1) if name > _NAME_BYTES else 0
    return long_name + BLOCK + _filled(nbytes)


def archive_bytes(members_bytes: int) -> int:
    """Size of an archive whose members take so many bytes."""
    return members_bytes + len(ending(members_bytes))


def ending(members_bytes: int) -> bytes:
    """What follows the members: two empty blocks, and zeros up to the end of the record."""
    return bytes(2 * BLOCK + -(members_bytes + 2 * BLOCK) % RECORD)


def form_of(beginning: bytes) -> TarForm:
    """The form of an archive, from its first headers.

    Args:
        beginning: the first bytes of the archive; 2 KiB are enough.

    Raises:
        ArchiveError: if these are not headers as GNU tar writes them.
    """
    at = 0
    if beginning.startswith(_LONG_NAME):
        at = BLOCK + _filled(_octal(beginning[124:136]))
    header = beginning[at : at + BLOCK]
    if len(header) < BLOCK or header[257:265] != _MAGIC:
        raise ArchiveError("does not begin with a header of GNU tar", hint="give one of the archives of the release")
    owner = header[_OWNER_AT].rstrip(b"\0").decode("ascii", errors="replace")
    return TarForm(_octal(header[_MODE_AT : _MODE_AT + 8]) & 0o7777, owner, _octal(header[136:148]))


def _filled(nbytes: int) -> int:
    return nbytes + -nbytes % BLOCK


def _octal(field: bytes) -> int:
    """A number of a header.

    Raises:
        ArchiveError: if it is none.
    """
    try:
        return int(field.rstrip(b"\0 ").decode("ascii"), 8)
    except ValueError as error:
        raise ArchiveError(f"a header has {field!r} where a number should be") from error


def _long_name(owner: str, name: bytes) -> bytes:
    text = name + b"\0"
    return _long_name_header(owner, len(text)) + text + bytes(-len(text) % BLOCK)


@lru_cache
def _long_name_header(owner: str, nbytes: int) -> bytes:
    return _header(TarForm(_LONG_NAME_MODE, owner, time_s=0), _LONG_NAME, nbytes, kind=b"L")


def _header(form: TarForm, name: bytes, nbytes: int, *, kind: bytes = b"0") -> bytes:
    rest, rest_sum = _behind_name(form, nbytes, kind)
    checksum = b"%06o\0 " % (sum(name) + rest_sum)
    at = _CHECKSUM_AT - _NAME_BYTES
    return b"".join((name.ljust(_NAME_BYTES, b"\0"), rest[:at], checksum, rest[at + len(checksum) :]))


@lru_cache(maxsize=4_096)
def _behind_name(form: TarForm, nbytes: int, kind: bytes) -> tuple[bytes, int]:
    """A header without its name, and the sum of its bytes with blanks in the place of the checksum."""
    owner = form.owner.encode("ascii").ljust(32, b"\0")
    fields = (
        b"%07o\0" % form.mode,
        b"%07o\0" % 0,
        b"%07o\0" % 0,
        _size(nbytes),
        b"%011o\0" % form.time_s,
        b" " * 8,
        kind,
        bytes(100),
        _MAGIC,
        owner,
        owner,
    )
    header = b"".join(fields).ljust(BLOCK - _NAME_BYTES, b"\0")
    return header, sum(header)


def _size(nbytes: int) -> bytes:
    """Size of a file as a header has it: octal digits, or in base 256 where they do not suffice."""
    return b"%011o\0" % nbytes if nbytes <= _LARGEST_OCTAL else b"\x80" + nbytes.to_bytes(11, "big")
