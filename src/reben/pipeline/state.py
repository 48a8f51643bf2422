"""Which stages are done: each has a fingerprint of what went in, and marks of what came out."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reben.core.errors import PipelineError
from reben.io.safe.folders import metadata_of
from reben.io.small_files import MOST_REPORT_BYTES, read_json
from reben.io.stac.items import file_of
from reben.work import atomic

STATE_FILE = "pipeline-state.json"


def fingerprint(**inputs: Any) -> str:  # noqa: ANN401 - whatever json takes
    """A digest of everything that decides what a stage makes."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True, default=str).encode()).hexdigest()


def marks(paths: Iterable[Path]) -> dict[str, list[int]]:
    """Size and time of change, in nanoseconds, of files; of a product's folder or a STAC item, those of its metadata.

    What is missing has no mark.
    """
    found = {}
    for path in paths:
        inside = file_of(path) or metadata_of(path) or path
        if inside.exists():
            state = inside.stat()
            found[str(path)] = [0 if inside.is_dir() else state.st_size, 0 if inside.is_dir() else state.st_mtime_ns]
    return found


class State:
    """What earlier runs have done, in `pipeline-state.json`."""

    def __init__(self, folder: Path) -> None:
        """Read it; what cannot be read counts as nothing done."""
        self._path = folder / STATE_FILE
        try:
            value = read_json(self._path, error=PipelineError, most_bytes=MOST_REPORT_BYTES)
            self._stages: dict[str, dict[str, Any]] = {str(name): dict(entry) for name, entry in value.items()}
        except (PipelineError, ValueError, TypeError, AttributeError):
            self._stages = {}

    def was_done(self, stage: str) -> bool:
        """Whether the stage was ever done, with whatever inputs."""
        return stage in self._stages

    def if_done(self, stage: str, inputs: str) -> tuple[tuple[Path, ...], dict[str, Any]] | None:
        """What the stage made and said when it was done with the same inputs, if all of it is there unchanged."""
        entry = self._stages.get(stage, {})
        made, summary = entry.get("made"), entry.get("summary")
        if entry.get("inputs") != inputs or not isinstance(made, dict) or not isinstance(summary, dict):
            return None
        paths = tuple(map(Path, made))
        return (paths, summary) if marks(paths) == made else None

    def note(self, stage: str, inputs: str, made: Iterable[Path], summary: dict[str, Any]) -> None:
        """The stage is done."""
        self._stages[stage] = {"inputs": inputs, "made": marks(made), "summary": summary}
        atomic.write_json(self._path, self._stages)
