"""How good retrieval is: mean average precision, precision and recall of the first k, and what chance would reach.

A patch is relevant to a query if both share at least one label. With rel(i) = 1 if the patch on rank i is relevant, and
R relevant patches in the database (the query itself left out):

    precision@k = sum of rel(i) for i <= k, divided by k
    recall@k    = sum of rel(i) for i <= k, divided by R
    AP@k        = sum of rel(i) * precision@i for i <= k, divided by min(R, k)

Each is averaged over the queries with R > 0; the others are counted. Where the database has fewer than k patches, k is
their number. Sources: Manning, Raghavan and Schuetze, Introduction to Information Retrieval (2008), chapter 8, for
precision, recall and average precision; the division by min(R, k) is that of mAP@100 in Weyand et al., Google Landmarks
Dataset v2 (CVPR 2020), section 4: a perfect ranking reaches 1.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.errors import EmbeddingError
from reben.learn.retrieval.embeddings import Embeddings
from reben.learn.retrieval.neighbours import Index, ranked
from reben.learn.retrieval.options import IndexKind, Measure
from reben.work.progress import Advance, unseen

_MEANS = (
    *("map_at_k", "precision_at_k", "recall_at_k"),
    *("chance_map_at_k", "chance_precision_at_k", "chance_recall_at_k"),
)


@dataclass(frozen=True, slots=True)
class RetrievalScores:
    """Means over queries, each from 0 to 1."""

    k: int
    map_at_k: float
    precision_at_k: float
    recall_at_k: float
    chance_map_at_k: float
    """What the means would be if the database were ranked at random, in expectation."""
    chance_precision_at_k: float
    chance_recall_at_k: float
    queries: int
    """With at least one relevant patch in the database."""
    queries_without_relevant: int
    """Left out of all means."""
    database: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def evaluate_retrieval(
    queries: Embeddings,
    database: Embeddings,
    *,
    k: int = 10,
    kind: IndexKind = IndexKind.flat,
    measure: Measure = Measure.cosine,
    progress: Advance = unseen,
) -> RetrievalScores:
    """Search every query in the database and score what is found.

    Args:
        queries: what is searched for; a query that is in the database is not its own neighbour.
        database: where it is searched.
        k: how many neighbours.
        kind: how to search.
        measure: what near means.
        progress: called with the number of queries just finished.

    Raises:
        EmbeddingError: if no query has a relevant patch.
    """
    query_labels, labels = queries.multi_hot(), database.multi_hot()
    relevant = count_relevant(query_labels, labels)
    index = Index(database.vectors, kind, measure)
    rows = []
    for number, found in enumerate(ranked(index, queries, database, k)):
        within = found.own_row is not None
        total = int(relevant[number]) - within  # every patch shares a label with itself
        size = len(database) - within
        if total > 0:
            hits = (labels[found.rows] & query_labels[number]).any(axis=1)
            rows.append((*score_ranking(hits, total, min(k, size)), *chance(size, total, min(k, size))))
        progress(1)
    if not rows:
        raise EmbeddingError("no query shares a label with a patch of the database", hint="give a larger database")
    means = dict(zip(_MEANS, np.mean(rows, axis=0).tolist(), strict=True))
    return RetrievalScores(
        k=k, queries=len(rows), queries_without_relevant=len(queries) - len(rows), database=len(database), **means
    )


def count_relevant(query_labels: NDArray[np.bool_], labels: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many rows of `labels` share a label with each query, shape (queries,).

    Args:
        query_labels: shape (queries, classes).
        labels: shape (patches, classes).
    """
    # There are some thousand combinations of labels, but hundreds of thousands of patches.
    asked, places = np.unique(query_labels, axis=0, return_inverse=True)
    present, counts = np.unique(labels, axis=0, return_counts=True)
    sharing = asked.astype(np.float32) @ present.T.astype(np.float32) > 0
    result: NDArray[np.int64] = (sharing @ counts)[places.reshape(-1)].astype(np.int64)
    return result


def score_ranking(hits: NDArray[np.bool_], relevant: int, k: int) -> tuple[float, float, float]:
    """AP@k, precision@k and recall@k of one query.

    Args:
        hits: whether the patch on each rank is relevant, shape (at most k,).
        relevant: number of relevant patches in the database, at least 1.
        k: ranks that count; those that were not filled hold nothing relevant.

    >>> score_ranking(np.array([True, False, True]), 2, 3)
    (0.8333..., 0.6666..., 1.0)
    """
    found = np.flatnonzero(hits)
    precisions = np.arange(1, len(found) + 1) / (found + 1)
    return float(precisions.sum() / min(relevant, k)), len(found) / k, len(found) / relevant


def chance(size: int, relevant: int, k: int) -> tuple[float, float, float]:
    """What AP@k, precision@k and recall@k are on average over all orders of the database.

    With n patches and R relevant ones, rank i is relevant with probability R/n; if it is, each of the i-1 ranks before
    it is with probability (R-1)/(n-1), so that precision@i is (1 + (i-1)(R-1)/(n-1))/i on average.

    Args:
        size: patches in the database.
        relevant: relevant ones among them, at least 1.
        k: ranks that count, at most `size`.

    >>> chance(10, 10, 5)
    (1.0, 1.0, 0.5)
    """
    ranks = np.arange(1, k + 1)
    before = (ranks - 1) * (relevant - 1) / max(size - 1, 1)
    average_precision = relevant / size * ((1 + before) / ranks).sum() / min(relevant, k)
    return float(average_precision), relevant / size, k / size
