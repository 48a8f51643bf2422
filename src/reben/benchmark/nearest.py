"""The nearest training patches: the share of them that have a class is its score."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from reben.learn.retrieval.neighbours import Index

NEIGHBOURS = (1, 5, 10, 20, 50, 100, 200)
"""Numbers of neighbours that are tried."""

_QUERIES_AT_ONCE = 4096


def shares(
    index: Index, labels: NDArray[np.bool_], queries: NDArray[np.float32], numbers: Sequence[int]
) -> dict[int, NDArray[np.float32]]:
    """Share of the nearest training patches with each class, for each number of neighbours.

    Args:
        index: of the training vectors.
        labels: of the training patches, shape (patches, classes).
        queries: vectors, shape (q, dimensions).
        numbers: of neighbours; those beyond the number of training patches are left out.

    Returns:
        by number, shape (q, classes); patches without nearer ones share ranks as FAISS orders them.
    """
    fitting = [number for number in numbers if number <= len(index)]
    found: dict[int, list[NDArray[np.float32]]] = {number: [] for number in fitting}
    for batch in _batches(queries):
        _, rows = index.search(batch, fitting[-1])
        having = np.cumsum(labels[rows], axis=1, dtype=np.float32)  # (batch, ranks, classes)
        for number in fitting:
            found[number].append(having[:, number - 1] / np.float32(number))
    return {number: np.concatenate(parts) for number, parts in found.items()}


def _batches(queries: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    for first in range(0, len(queries), _QUERIES_AT_ONCE):
        yield queries[first : first + _QUERIES_AT_ONCE]
