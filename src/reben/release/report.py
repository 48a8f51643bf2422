"""What a release holds: `release.json`, and the notes of finished parts while it is being made."""

from pathlib import Path

from pydantic import BaseModel

from reben.core.errors import ReleaseError
from reben.io.records import read_record, record_config

REPORT_FILE = "release.json"
FORMAT_VERSION = 1

_HINT = "delete the release and make it again"


class FileEntry(BaseModel):
    """A file of a release."""

    model_config = record_config({})

    name: str
    nbytes: int
    md5: str
    sha256: str


class ArchiveRecord(BaseModel):
    """A tar archive, compressed, in one file or in parts."""

    model_config = record_config({})

    name: str
    """Of the tar archive, which is not a file itself."""
    tar_md5: str
    tar_nbytes: int
    files: tuple[FileEntry, ...]
    """The compressed archive, or its parts in their order."""


class ReleaseReport(BaseModel):
    """What a release holds, and from what it was made."""

    model_config = record_config({})

    format_version: int = FORMAT_VERSION
    reben: str
    """Version."""
    zstd: str
    """Version of the library that compressed."""
    fingerprint: str
    """SHA-256 of the options and of what says which data went in."""
    patches: int
    """Rows of the metadata tables."""
    tar_form: str
    """Of the headers in the archives."""
    archives: tuple[ArchiveRecord, ...]
    files: tuple[FileEntry, ...]
    """Tables and other files beside the archives."""
    records: tuple[FileEntry, ...] = ()
    """Catalogue records."""

    def entries(self) -> tuple[FileEntry, ...]:
        """All files."""
        return tuple(entry for archive in self.archives for entry in archive.files) + self.files + self.records

    def md5(self) -> dict[str, str]:
        """MD5 sums by name, of the files and of the tar archives in them."""
        sums = {entry.name: entry.md5 for entry in self.entries()}
        return sums | {archive.name: archive.tar_md5 for archive in self.archives}


def read_report(folder: Path) -> ReleaseReport | None:
    """The report of a release; None if there is none in the folder.

    Raises:
        ReleaseError: if it cannot be read.
    """
    path = folder / REPORT_FILE
    return read_record(path, ReleaseReport, error=ReleaseError, hint=_HINT) if path.is_file() else None


def read_note(path: Path) -> ArchiveRecord | None:
    """What an interrupted release noted of an archive that it had finished; None if it had not."""
    return read_record(path, ArchiveRecord, error=ReleaseError, hint=_HINT) if path.is_file() else None
