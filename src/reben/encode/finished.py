"""Whether there is a store already that the same command would make.

A command that is killed in the moment in which it has finished leaves a whole store, and an exit code that says
otherwise. Given again, it finds its own work, as long as nothing that it read has changed since.
"""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reben.core.errors import EncodeError
from reben.io.small_files import MOST_REPORT_BYTES, read_json
from reben.work import atomic

if TYPE_CHECKING:
    from reben.encode.engine import EncodePlan


def described(plan: "EncodePlan") -> dict[str, Any]:
    """What is encoded, for the note of a store."""
    keys = hashlib.sha256("\n".join(sample.key for sample, _ in plan.samples).encode()).hexdigest()
    return {"sources": list(plan.roots), "samples": len(plan.samples), "keys_sha256": keys}


def is_finished(plan: "EncodePlan", note: Path, **further: object) -> bool:
    """Whether the store with this note was made of the same samples, and none of their files was changed since.

    Args:
        plan: what is to be encoded.
        note: JSON file of the store.
        further: what else the note must say.
    """
    if not note.is_file() or not (said := _read(note)) or said.get("sources") != list(plan.roots):
        return False
    wanted = described(plan) | further
    same = all(said.get(name) == value for name, value in wanted.items())
    if not same or _newest_ns(plan) > note.stat().st_mtime_ns:
        return False
    atomic.remove_attempts(note.parent)
    return True


def may_be_finished(target: Path, notes: Iterable[str]) -> bool:
    """Whether a quick look does not tell that `target` is something else than a store of ours."""
    return any((target / note).is_file() for note in notes)


def _read(note: Path) -> dict[str, Any]:
    try:
        said = read_json(note, error=EncodeError, most_bytes=MOST_REPORT_BYTES)
    except EncodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _newest_ns(plan: "EncodePlan") -> float:
    """Time of the last change of any file, in nanoseconds; infinite if one is missing."""
    files = (sample.stem + file.suffix for sample, part in plan.samples for file in part.files)
    try:
        return max(os.stat(file).st_mtime_ns for file in files)  # noqa: PTH116 - there may be millions
    except OSError:
        return float("inf")
