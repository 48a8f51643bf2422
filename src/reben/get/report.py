"""What was got, and from where: `get-report.json` in the data folder."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from reben.core.errors import MetadataError
from reben.io.records import read_record, record_config

REPORT_FILE = "get-report.json"
FORMAT_VERSION = 1


class TableRecord(BaseModel):
    """A metadata table from which patches were chosen."""

    model_config = record_config({})

    source: str
    """Address or path."""
    md5: str
    published: bool
    """Whether the MD5 is that of the published table."""


class SourceRecord(BaseModel):
    """Where values came from."""

    model_config = record_config({})

    source: str
    """Address, with its revision if it has one, or path; never a token or a signature."""
    values: int
    nbytes: int = 0
    """That were fetched, values and what lies between them; 0 if they are on this machine."""
    requests: int = 0
    md5: str = ""
    """Of an archive that was read from its first byte to its last."""
    verified: bool = False
    """Whether the MD5 was compared with the published one."""


class RunRecord(BaseModel):
    """One command that added to the folder."""

    model_config = record_config({})

    reben: str
    """Version."""
    options: dict[str, Any]
    """That chose the patches, seed included."""
    patches: int
    """Patches of the folder afterwards."""
    values_added: int
    sources: tuple[SourceRecord, ...]
    seconds: float
    finished: str
    """Day and time, UTC, ISO 8601."""


class GetReport(BaseModel):
    """What a data folder that was got holds."""

    model_config = record_config({})

    format_version: int = FORMAT_VERSION
    tables: tuple[TableRecord, ...]
    patches: int
    values: dict[str, int]
    """Number of values by kind: `s2`, `s1`, `maps`."""
    keys_sha256: str
    """SHA-256 of the sorted keys, one per line."""
    runs: tuple[RunRecord, ...]
    """In the order in which they were given; the last one says which options chose what is there."""


def read_report(folder: Path) -> GetReport | None:
    """The report of a folder; None if it has none.

    Raises:
        MetadataError: if it cannot be read.
    """
    path = folder / REPORT_FILE
    hint = "delete the folder to start again"
    return read_record(path, GetReport, error=MetadataError, hint=hint) if path.is_file() else None
