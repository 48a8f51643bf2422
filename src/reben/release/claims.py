"""What a release says of itself, and what a copy of its data is held against."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from reben.core.errors import ReleaseError
from reben.core.release import PATCHES, ZENODO_RECORD
from reben.io.archives.place import archive_at
from reben.io.archives.reading import open_text
from reben.io.archives.source import ArchiveSource
from reben.io.archives.tar_form import TarForm, form_of
from reben.release.contents import CONTENTS_SUFFIX
from reben.release.hashes import published_hashes, read_hashes
from reben.release.parts import PATCH_PARTS

USUAL_FORMS = (
    *(TarForm(mode, owner) for mode, owner in product((0o644, 0o664), ("", "root"))),
    *(TarForm(mode) for mode in (0o755, 0o775, 0o777, 0o600, 0o640, 0o444)),
)
"""Of tar archives whose mode bits nobody has noted: what the usual umasks, containers and foreign file systems give."""

_BEGINNING_BYTES = 1 << 13


@dataclass(frozen=True)
class Claims:
    """Of a release."""

    name: str
    """For messages."""
    md5: Mapping[str, str]
    """By name, of files and of tar archives."""
    patches: int | None = None
    """How many it has, if that is known."""
    contents: Mapping[str, Path] = field(default_factory=dict)
    """Tables of the files in its archives, by name of the archive."""
    forms: tuple[TarForm, ...] = USUAL_FORMS
    """Which headers its archives may have, the likely ones first."""


def published_claims() -> Claims:
    """Of reBEN as it was published."""
    return Claims(f"reBEN as published ({ZENODO_RECORD})", published_hashes(), patches=PATCHES)


def read_claims(hashes: Path) -> Claims:
    """Of another release, whose list of MD5 sums is given; the tables of its contents are those beside the list.

    Raises:
        ReleaseError: if the list cannot be read.
    """
    tables = {part.archive: hashes.parent / f"{part.archive}{CONTENTS_SUFFIX}" for part in PATCH_PARTS.values()}
    return Claims(
        str(hashes), read_hashes(hashes), contents={name: path for name, path in tables.items() if path.is_file()}
    )


def form_in(archive: Path | str) -> TarForm:
    """The form of the headers of an archive, of which no more than the beginning is read.

    Args:
        archive: file or address.

    Raises:
        ReleaseError: if it is not called like an archive.
        ArchiveError, DownloadError: if it cannot be read, or is not an archive.
    """
    found = archive_at(archive)
    if found is None:
        raise ReleaseError(
            f"{archive} is not called like an archive", hint="give a .tar, .tar.zst or .tar.gz file, or its address"
        )
    beginning = b""
    with ArchiveSource(found) as source, open_text(source) as text:
        for piece in text:
            beginning += piece
            if len(beginning) >= _BEGINNING_BYTES:
                break
    return form_of(beginning)
