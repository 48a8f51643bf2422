"""The hidden folder in which a build grows, and what it knows of the tiles that are finished.

A finished tile leaves its metadata rows here, last of all; a build that was stopped, however it was stopped, goes on
with the tiles that have none.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from reben.construct.report import TileRecord
from reben.core.errors import BuildError
from reben.io.dataset.metadata import SCHEMA
from reben.io.dataset.paths import DatasetPaths
from reben.io.small_files import MOST_REPORT_BYTES, read_json
from reben.work import atomic

_STATE_FOLDER = ".build"
_HINT = "delete the unfinished build to start again"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A data set that is being built."""

    root: Path
    """Becomes the data set."""

    @classmethod
    def of(cls, target: Path) -> "Workspace":
        """The workspace beside the data set that is to be made."""
        target = target.absolute()
        return cls(target.with_name(f".{target.name}.partial"))

    @staticmethod
    def clear_remains(target: Path) -> None:
        """Remove the state that a build leaves in its data set if it is stopped in its very last step."""
        if DatasetPaths(target).report.exists():
            shutil.rmtree(target / _STATE_FOLDER, ignore_errors=True)

    @property
    def paths(self) -> DatasetPaths:
        """Where the parts of the data set lie."""
        return DatasetPaths(self.root)

    @property
    def _state(self) -> Path:
        return self.root / _STATE_FOLDER

    def shard(self, tile: str) -> Path:
        """Store of one tile."""
        return self._state / f"{tile}.store"

    def lock_of(self, tile: str) -> Path:
        """What a process locks while it builds a tile."""
        return self._state / tile

    def expect_same_parameters(self, parameters: dict[str, Any]) -> None:
        """Note the parameters of a new build, or compare them with those of the one that is resumed.

        Raises:
            BuildError: if they differ.
        """
        path = self._state / "parameters.json"
        if not path.exists():
            atomic.write_json(path, parameters)
            return
        before = _read_note(path)
        changed = sorted(name for name in parameters | before if parameters.get(name) != before.get(name))
        if changed and not self._is_begun():
            atomic.write_json(path, parameters)
        elif changed:
            raise BuildError(
                f"{self.root}: an unfinished build was started with other {', '.join(changed)}",
                hint="give the same parameters and input files to resume it, or delete this folder to start again",
            )

    def _is_begun(self) -> bool:
        """Whether a tile is finished, or may be in the hands of a worker."""
        locks = (path for path in self._state.glob(".*.lock") if not atomic.is_lock_of_file(path))
        return any(self._state.glob("*.parquet")) or any(locks)

    def is_finished(self, tile: str) -> bool:
        """Whether nothing of a tile is left to do."""
        return self._rows_file(tile).exists()

    def forget(self, tile: str) -> None:
        """Let a finished tile be built again."""
        self._rows_file(tile).unlink()

    def finish(self, tile: str, rows: pa.Table, record: TileRecord, *, cover: pa.Table | None = None) -> None:
        """Note that a tile is finished; its files must be on the disk.

        Args:
            tile: id of the tile.
            rows: metadata rows.
            record: for the report.
            cover: shares of clouds, snow and so on of its patches; None if the product does not tell them.
        """
        self._cover_file(tile).unlink(missing_ok=True)
        if cover is not None:
            with atomic.new_file(self._cover_file(tile)) as partial:
                pq.write_table(cover, partial)
        atomic.write_json(self._record_file(tile), record.model_dump(mode="json"))
        with atomic.new_file(self._rows_file(tile)) as partial:
            pq.write_table(rows, partial)

    def rows(self, tiles: Sequence[str]) -> pa.Table:
        """Metadata rows of finished tiles."""
        tables = [pq.read_table(self._rows_file(tile)).cast(SCHEMA) for tile in tiles]
        return pa.concat_tables(tables) if tables else SCHEMA.empty_table()

    def cover(self, tiles: Sequence[str]) -> pa.Table | None:
        """Shares of clouds, snow and so on of the patches of finished tiles; None if no product tells them."""
        tables = [pq.read_table(path) for tile in tiles if (path := self._cover_file(tile)).exists()]
        return pa.concat_tables(tables) if tables else None

    def records(self, tiles: Sequence[str]) -> dict[str, TileRecord]:
        """What was noted of finished tiles.

        Raises:
            BuildError: if a note cannot be read.
        """
        return {tile: self._record(tile) for tile in tiles}

    def _record(self, tile: str) -> TileRecord:
        path = self._record_file(tile)
        try:
            return TileRecord.model_validate(_read_note(path))
        except ValidationError as error:
            raise BuildError(f"{path}: is not a note of `reben build`", hint=_HINT) from error

    def remove_strays(self, rows: pa.Table) -> None:
        """Remove what belongs to no row: remains of tiles that failed or were stopped while they wrote a file."""
        names = (set(rows[column].to_pylist()) for column in ("patch_id", "s1_name"))
        for stray in list(self.paths.strays(*names)):
            shutil.rmtree(stray) if stray.is_dir() else stray.unlink()
        for root in (self.paths.s2, self.paths.reference_maps, self.paths.s1):
            for folder in [*root.glob("*/"), root] if root.is_dir() else ():
                if not any(folder.iterdir()):
                    folder.rmdir()

    def become(self, target: Path) -> None:
        """Give the finished data set its name.

        Raises:
            TargetExistsError: if something is there now.
        """
        atomic.expect_free(target)
        atomic.remove_remains(self.root)
        self.root.rename(target.absolute())
        shutil.rmtree(target / _STATE_FOLDER)  # last: a build that is stopped here is complete

    def _rows_file(self, tile: str) -> Path:
        return self._state / f"{tile}.parquet"

    def _cover_file(self, tile: str) -> Path:
        return self._state / f"{tile}.cover"

    def _record_file(self, tile: str) -> Path:
        return self._state / f"{tile}.json"


def _read_note(path: Path) -> dict[str, Any]:
    """What an earlier run noted.

    Raises:
        BuildError: if it cannot be read.
    """
    note = read_json(path, error=BuildError, hint=_HINT, most_bytes=MOST_REPORT_BYTES)
    if not isinstance(note, dict):
        raise BuildError(f"{path}: is not a note of `reben build`", hint=_HINT)
    return note
