"""What an encoding of archives notes beside the unfinished store, so that it can be resumed.

The files lie in the store's hidden folder. They outlive a killed process, and need not outlive a restart of the
machine: the store itself is begun anew then. So nothing is forced to the disk.
"""

import base64
import json
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reben.core.errors import EncodeError
from reben.encode.archived_part import Checkpoint
from reben.io.archives.zstd_stream import Entry
from reben.io.small_files import MOST_REPORT_BYTES, parse_json, read_bytes, read_text

BATCHES_FILE = "batches.jsonl"


@dataclass(frozen=True, slots=True)
class Batches:
    """What the batches up to one have written."""

    values: int
    """In the store."""
    last: str
    """Last key of the batch, written or skipped."""
    counts: dict[str, int]
    """Values by the name of their part."""


def note_batch(folder: Path, batches: Batches) -> None:
    """Note a batch before it is written: whether it was, the number of values in the store tells."""
    with (folder / BATCHES_FILE).open("a", encoding="utf-8") as file:
        file.write("\n" + json.dumps(asdict(batches)) + "\n")  # the line before may have been cut short


def last_batch(folder: Path, values: int) -> Batches:
    """The last batch that was written.

    Args:
        folder: of the unfinished store.
        values: number of values in it.

    Raises:
        EncodeError: if the notes do not fit the store.
    """
    fitting = [batches for batches in _read_batches(folder) if batches.values == values]
    if fitting:
        return fitting[-1]
    if values:
        raise EncodeError(
            f"{folder}: the notes of the unfinished store do not fit its {values:,} values",
            hint="delete this folder to start again",
        )
    return Batches(0, "", {})


def _read_batches(folder: Path) -> Iterator[Batches]:
    path = folder / BATCHES_FILE
    if not path.exists():
        return
    for line in read_text(path, kind="a list of batches", error=EncodeError, most_bytes=MOST_REPORT_BYTES).splitlines():
        try:
            said = parse_json(line)
            yield Batches(int(said["values"]), str(said["last"]), {str(k): int(n) for k, n in said["counts"].items()})
        except (ValueError, TypeError, KeyError, AttributeError):
            continue


def write_checkpoint(folder: Path, number: int, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint of a source."""
    entry = checkpoint.entry
    said = {
        "position": entry.position,
        "text_position": entry.text_position,
        "window": entry.window,
        "has_checksum": entry.has_checksum,
        "text_crc32": zlib.crc32(entry.text),
        "start": checkpoint.start,
        "path": base64.b64encode(checkpoint.path.encode("utf-8", "surrogateescape")).decode(),
    }
    partial = _path(folder, number).with_suffix(".new")
    partial.write_bytes(json.dumps(said).encode() + b"\n" + entry.text)
    partial.replace(_path(folder, number))


def read_checkpoint(folder: Path, number: int) -> Checkpoint | None:
    """The checkpoint of a source; None if there is none that can be used."""
    path = _path(folder, number)
    if not path.exists():
        return None
    raw = read_bytes(path, kind="a checkpoint", error=EncodeError, most_bytes=MOST_REPORT_BYTES)
    head, _, text = raw.partition(b"\n")
    try:
        said: dict[str, Any] = parse_json(head)
        position, text_position, window, start = (
            int(said[name]) for name in ("position", "text_position", "window", "start")
        )
        member = base64.b64decode(said["path"]).decode("utf-8", "surrogateescape")
        if said["text_crc32"] != zlib.crc32(text):
            return None
    except (ValueError, TypeError, KeyError):
        return None
    entry = Entry(position, text_position, window, bool(said["has_checksum"]), text)
    return Checkpoint(entry, start, member)


def remove_notes(folder: Path) -> None:
    """Remove what only an unfinished store needs."""
    for path in (folder / BATCHES_FILE, *folder.glob("checkpoint-*")):
        path.unlink(missing_ok=True)


def _path(folder: Path, number: int) -> Path:
    return folder / f"checkpoint-{number}.bin"
