"""Where an archive lies, of which parts it consists, and how it is compressed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from reben.core.errors import ArchiveError
from reben.net.addresses import is_address, parse_address

Compression = Literal["zstd", "gzip", "none"]

_NAME = re.compile(r".*\.(tar(\.(?P<kind>zst|zstd|gz))?|(?P<short>tzst|tgz))(?P<part>[a-z]{2})?", re.IGNORECASE)
_COMPRESSIONS: dict[str, Compression] = {"zst": "zstd", "zstd": "zstd", "tzst": "zstd", "gz": "gzip", "tgz": "gzip"}
_KNOWN = "expected .tar.zst, .tar.gz or .tar, or the parts of one, such as .tar.gzaa and .tar.gzab"


@dataclass(frozen=True, slots=True)
class Archive:
    """A tar archive: one file or address, or the parts of one."""

    parts: tuple[Path | str, ...]
    """Files (paths) or addresses (strings) whose bytes, one after the other, are the archive."""
    compression: Compression

    def __str__(self) -> str:
        """The archive for messages and reports."""
        return shown(self.parts[0])

    @property
    def name(self) -> str:
        """Name of the first part, without folders."""
        return name_of(self.parts[0])


def shown(part: Path | str) -> str:
    """A part for messages and reports; addresses without what may be a signature."""
    return str(parse_address(part)) if isinstance(part, str) else str(part.absolute())


def name_of(part: Path | str) -> str:
    """Name of a part, without folders.

    >>> name_of("https://zenodo.org/records/10891137/files/BigEarthNet-S2.tar.zst?download=1")
    'BigEarthNet-S2.tar.zst'
    """
    if isinstance(part, Path):
        return part.name
    steps = unquote(urlsplit(part).path).rstrip("/").split("/")
    return steps[-2] if steps[-1] == "content" and len(steps) > 1 else steps[-1]  # as Zenodo's API has it


def archive_at(given: Path | str) -> Archive | None:
    """The archive that a path or address names; None if it is a path, but not called like an archive.

    Further parts are found beside the first one on the disk: .tar.gzab beside .tar.gzaa.

    Raises:
        ArchiveError: if an address, or the first of several parts, is not called like an archive.
        AddressError: if an address cannot be used.
    """
    text = str(given)
    if is_address(text):
        return archive_of((text,))
    path = Path(text)
    if path.is_dir() or not _NAME.fullmatch(path.name):
        return None
    return archive_of(_with_further_parts(path))


def archive_of(parts: Iterable[Path | str]) -> Archive:
    """The archive that consists of these files or addresses, in this order.

    Raises:
        ArchiveError: if there are none, or they are not called like parts of an archive.
        AddressError: if an address cannot be used.
    """
    whole = tuple(parts)
    if not whole:
        raise ArchiveError("an archive without parts", hint=_KNOWN)
    for part in whole:
        if isinstance(part, str):
            parse_address(part)
        if not _NAME.fullmatch(name_of(part)):
            raise ArchiveError(f"{shown(part)}: is not called like an archive that can be read", hint=_KNOWN)
    match = _NAME.fullmatch(name_of(whole[0]))
    kind = ((match["kind"] or match["short"]) if match else None) or ""
    return Archive(whole, _COMPRESSIONS.get(kind.lower(), "none"))


def nbytes_of(archive: Archive) -> int | None:
    """Size of an archive on the disk, for progress; None if it is elsewhere, or not there."""
    try:
        return sum(part.stat().st_size for part in archive.parts if isinstance(part, Path)) or None
    except OSError:
        return None


def _with_further_parts(first: Path) -> tuple[Path, ...]:
    """A file, and, if it is the first of several parts, the others.

    Raises:
        ArchiveError: if it is a later part.
    """
    match = _NAME.fullmatch(first.name)
    if match is None or not match["part"]:
        return (first,)
    if match["part"] != "aa":
        raise ArchiveError(f"{first}: is not the first part of an archive", hint=f"give {first.name[:-2]}aa")
    stem, found = first.name[:-2], [first]
    for number in range(1, 26 * 26):
        part = first.with_name(f"{stem}{chr(97 + number // 26)}{chr(97 + number % 26)}")
        if not part.exists():
            break
        found.append(part)
    return tuple(found)
