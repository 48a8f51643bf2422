"""Find the patches whose embeddings are nearest to that of another one, with FAISS."""

from collections.abc import Iterator
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from reben.core.errors import EmbeddingError
from reben.learn.retrieval.embeddings import Embeddings
from reben.learn.retrieval.options import IndexKind, Measure

_QUERIES_AT_ONCE = 1024
_HNSW_LINKS = 32
_IVF_POINTS_PER_CELL = 39  # fewer than that, and FAISS calls its cells badly trained


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A patch that was found."""

    patch_id: str
    score: float
    """Cosine or distance, as was asked for."""
    labels: tuple[str, ...]
    shared: tuple[str, ...]
    """Labels that the query has, too."""
    split: str
    country: str | None


class Index:
    """Vectors that can be searched.

    Args:
        vectors: shape (n, dimensions).
        kind: how to search.
        measure: what near means.
    """

    def __init__(
        self, vectors: NDArray[np.float32], kind: IndexKind = IndexKind.flat, measure: Measure = Measure.cosine
    ) -> None:
        self._measure = measure
        self._index = _empty_index(len(vectors), vectors.shape[1], kind, measure)
        prepared = self._prepared(vectors)
        if not self._index.is_trained:
            self._index.train(prepared)
        self._index.add(prepared)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The `k` nearest vectors of each query, the nearest first; fewer than `k` where there are no more.

        Args:
            queries: shape (q, dimensions).
            k: how many.

        Returns:
            scores and row numbers, each of shape (q, min(k, n)); an approximate index that finds too few gives row -1.
        """
        scores, rows = self._index.search(self._prepared(queries), min(k, len(self)))
        if self._measure is Measure.euclidean:
            scores = np.sqrt(np.maximum(scores, 0))  # FAISS gives squares
        return scores, rows

    def _prepared(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        prepared = np.array(vectors, np.float32, order="C")
        if self._measure is Measure.cosine:
            faiss.normalize_L2(prepared)  # a vector of zeros stays one: its cosine to everything is 0
        return prepared


def _empty_index(size: int, dimensions: int, kind: IndexKind, measure: Measure) -> faiss.Index:
    metric = faiss.METRIC_INNER_PRODUCT if measure is Measure.cosine else faiss.METRIC_L2
    if kind is IndexKind.hnsw:
        return faiss.IndexHNSWFlat(dimensions, _HNSW_LINKS, metric)
    flat = faiss.IndexFlat(dimensions, metric)
    if kind is IndexKind.flat or size < _IVF_POINTS_PER_CELL:
        return flat
    cells = max(1, min(int(4 * np.sqrt(size)), size // _IVF_POINTS_PER_CELL))  # 4 sqrt(n): FAISS's own advice
    index = faiss.IndexIVFFlat(flat, dimensions, cells, metric)
    index.nprobe = max(1, int(np.sqrt(cells)))
    return index


def neighbours(
    query: Embeddings,
    database: Embeddings,
    *,
    k: int = 10,
    kind: IndexKind = IndexKind.flat,
    measure: Measure = Measure.cosine,
) -> list[Neighbour]:
    """The patches of the database nearest to a query, without itself.

    Args:
        query: one row.
        database: where to search.
        k: how many.
        kind: how to search.
        measure: what near means.

    Raises:
        EmbeddingError: if query and database were not made by the same model.
    """
    if query.model.fingerprint != database.model.fingerprint:
        raise EmbeddingError(
            f"the query was embedded by {query.model.checkpoint}, the table by another model "
            f"({database.model.checkpoint})",
            hint="give the --checkpoint with which the table was made",
        )
    index = Index(database.vectors, kind, measure)
    (found,) = ranked(index, query, database, k)
    own = set(query.rows["labels"][0].as_py())
    return [
        Neighbour(
            patch_id=row["patch_id"],
            score=score,
            labels=tuple(row["labels"]),
            shared=tuple(label for label in row["labels"] if label in own),
            split=row["split"],
            country=row["country"],
        )
        for row, score in zip(database.take(found.rows.tolist()).rows.to_pylist(), found.scores.tolist(), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Ranking:
    """What was found for one query, the nearest first."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    own_row: int | None
    """Where the query itself lies in the database; it was left out."""


def ranked(index: Index, queries: Embeddings, database: Embeddings, k: int) -> Iterator[Ranking]:
    """The `k` nearest rows of the database for each query, some queries at a time.

    Among equal scores at the last rank it is the index that chooses.
    """
    own_rows = _rows_in(queries, database)
    for first in range(0, len(queries), _QUERIES_AT_ONCE):
        scores, rows = index.search(queries.vectors[first : first + _QUERIES_AT_ONCE], k + 1)
        for number, own in enumerate(own_rows[first : first + _QUERIES_AT_ONCE].tolist()):
            kept = np.flatnonzero((rows[number] != own) & (rows[number] >= 0))[:k]
            yield Ranking(rows[number][kept], scores[number][kept], None if own < 0 else own)


def _rows_in(queries: Embeddings, database: Embeddings) -> NDArray[np.int64]:
    """Row of each query in the database, -2 where it has none (-1 is what FAISS calls nothing)."""
    places = {patch_id: row for row, patch_id in enumerate(database.ids)}
    return np.array([places.get(patch_id, -2) for patch_id in queries.ids], np.int64)
