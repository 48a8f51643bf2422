"""A table of embeddings written in parts, so that a run that was stopped goes on, and several processes share it.

A part is a file of one row group in a folder beside the table; each appears whole, while the next one is computed. When
all are there, they are joined, a part at a time: no more than two are in memory, however large the table is.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reben.core.errors import EmbeddingError, TargetExistsError
from reben.learn.retrieval.embeddings import ROW_GROUP_ROWS, EmbeddingModel, model_in, parquet_writer, write_embeddings
from reben.work import atomic
from reben.work.progress import Advance, unseen

VectorsOf = Callable[[Sequence[int]], Iterable[NDArray[np.float32]]]
"""Embeddings of some rows of the table, in batches of any size, each of shape (batch, dimensions)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A table that is to be written."""

    output: Path
    rows: pa.Table
    """What it says of each patch."""
    model: EmbeddingModel
    provenance: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Where the parts are."""
        return self.output.with_name(f"{self.output.name}.parts")

    @property
    def parts(self) -> list[range]:
        """Rows of each part."""
        return [
            range(first, min(first + ROW_GROUP_ROWS, len(self.rows)))
            for first in range(0, len(self.rows), ROW_GROUP_ROWS)
        ]

    def path(self, number: int) -> Path:
        """File of a part."""
        return self.folder / f"{number:06d}.parquet"

    def is_done(self, number: int) -> bool:
        """Whether a part is there.

        Raises:
            EmbeddingError: if one is there that belongs to another table.
        """
        path = self.path(number)
        if not path.exists():
            return False
        ids = pq.read_table(path, columns=["patch_id"])["patch_id"]
        part = self.parts[number]
        same = model_in(path) == (self.model, dict(self.provenance))
        if not same or not ids.equals(self.rows["patch_id"][part.start : part.stop]):
            raise EmbeddingError(
                f"{self.folder} holds parts of another table: other weights, patches, options or versions",
                hint="give the command that was interrupted, or remove the folder",
            )
        return True


def write_in_parts(
    plan: Plan, vectors_of: VectorsOf, *, share: tuple[int, int] = (0, 1), progress: Advance = unseen
) -> bool:
    """Write the parts that are missing, and join all if none is missing then; whether they were joined.

    Args:
        plan: what is to be written.
        vectors_of: makes embeddings.
        share: number of this process, and of how many: it writes every n-th part.
        progress: called with the number of patches of this share just finished.

    Raises:
        EmbeddingError: if there are parts of another table.
    """
    plan.folder.mkdir(parents=True, exist_ok=True)
    missing = []
    for number, part in list(enumerate(plan.parts))[share[0] :: share[1]]:
        if plan.is_done(number):
            progress(len(part))
        else:
            missing.append(number)
    if missing:
        _write_missing(plan, missing, vectors_of, progress)
    if not all(plan.path(number).exists() for number in range(len(plan.parts))):
        return not plan.folder.exists()  # another process has joined them by now
    try:
        with atomic.locked(plan.folder):
            if plan.folder.exists():
                _join(plan)
    except TargetExistsError:
        return False  # another process is joining them
    return True


def _write_missing(plan: Plan, missing: Sequence[int], vectors_of: VectorsOf, progress: Advance) -> None:
    """Write parts, each while the vectors of the next one are made."""
    parts = [plan.parts[number] for number in missing]
    vectors = _counted(vectors_of([row for part in parts for row in part]), progress)
    with ThreadPoolExecutor(1, thread_name_prefix="reben-embeddings") as writer:
        writing: Future[None] | None = None
        for number, part, group in zip(missing, parts, _cut(vectors, list(map(len, parts))), strict=True):
            if writing is not None:
                writing.result()
            rows = plan.rows.slice(part.start, len(part))
            writing = writer.submit(write_embeddings, plan.path(number), rows, [group], plan.model, plan.provenance)
        if writing is not None:
            writing.result()


def _cut(batches: Iterable[NDArray[np.float32]], lengths: Sequence[int]) -> Iterator[NDArray[np.float32]]:
    """Batches of any size as groups of given lengths.

    Raises:
        EmbeddingError: if there are more or fewer vectors.
    """
    waiting: list[NDArray[np.float32]] = []
    wanted = list(lengths)
    for batch in batches:
        waiting.append(batch)
        while wanted and sum(map(len, waiting)) >= wanted[0]:
            joined, length = np.concatenate(waiting), wanted.pop(0)
            yield joined[:length]
            waiting = [joined[length:]] if len(joined) > length else []
    if wanted or waiting:
        found = sum(lengths) - sum(wanted) + sum(map(len, waiting))
        raise EmbeddingError(f"{found} embeddings for {sum(lengths)} patches; expected one each")


def _counted(batches: Iterable[NDArray[np.float32]], progress: Advance) -> Iterable[NDArray[np.float32]]:
    for batch in batches:
        yield batch
        progress(len(batch))


def _join(plan: Plan) -> None:
    """All parts as one table, which then replaces them."""
    with (
        atomic.new_file(plan.output) as partial,
        parquet_writer(partial, pq.read_schema(plan.path(0))) as writer,
    ):
        for number in range(len(plan.parts)):
            if not plan.is_done(number):
                raise EmbeddingError(f"{plan.path(number)} has gone", hint="give the same command again")
            writer.write_table(pq.read_table(plan.path(number)))
    shutil.rmtree(plan.folder, ignore_errors=True)
