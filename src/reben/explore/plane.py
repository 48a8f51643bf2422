"""Embeddings on a plane, and which are nearest to one: principal components and cosines, without torch or FAISS."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_PLANE = 2
_AT_ONCE = 1024
"""Queries whose cosines to all others are in memory together."""


@dataclass(frozen=True, slots=True)
class Vectors:
    """Embeddings of patches, each of length one."""

    rows: NDArray[np.int64]
    """Row of each in the table of patches, shape (n,)."""
    units: NDArray[np.float32]
    """Shape (n, dimensions)."""

    @classmethod
    def of(cls, rows: NDArray[np.int64], vectors: NDArray[np.float32]) -> "Vectors":
        """Embeddings brought to length one; a vector of zeros stays one."""
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return cls(rows, vectors / np.maximum(lengths, np.finfo(np.float32).tiny))

    def nearest(self, row: int, k: int) -> list[tuple[int, float]]:
        """The rows whose embeddings are nearest to that of a row, with their cosines; none if it has no embedding."""
        (own,) = np.nonzero(self.rows == row)
        if not len(own):
            return []
        places, cosines = self._nearest(own, k)
        return [(int(self.rows[place]), float(c)) for place, c in zip(places[0], cosines[0], strict=True)]

    def all_nearest(self, k: int) -> NDArray[np.int32]:
        """The k nearest rows of each embedding, nearest first, shape (n, min(k, n - 1)); takes n squared steps."""
        parts = [
            self._nearest(np.arange(first, min(first + _AT_ONCE, len(self.rows))), k)[0]
            for first in range(0, len(self.rows), _AT_ONCE)
        ]
        found: NDArray[np.int32] = self.rows[np.concatenate(parts)].astype(np.int32)
        return found

    def _nearest(self, places: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Places among the vectors and cosines of the nearest, without the query itself."""
        cosines = self.units[places] @ self.units.T
        cosines[np.arange(len(places)), places] = -np.inf
        most = min(k, len(self.rows) - 1)
        found = np.argpartition(-cosines, max(most - 1, 0), axis=1)[:, :most]
        order = np.argsort(-np.take_along_axis(cosines, found, axis=1), axis=1, kind="stable")
        found = np.take_along_axis(found, order, axis=1)
        return found, np.take_along_axis(cosines, found, axis=1)


def on_plane(vectors: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Vectors along their two principal components, shape (n, 2), and the share of their variance that is seen.

    The signs are such that the component of largest size of each axis is positive: the same picture wherever it is
    computed.
    """
    centred = (vectors - vectors.mean(axis=0)).astype(np.float64)
    values, axes = np.linalg.eigh(centred.T @ centred)
    chosen = axes[:, ::-1][:, :_PLANE]
    chosen = chosen * np.sign(chosen[np.abs(chosen).argmax(axis=0), np.arange(chosen.shape[1])])
    seen = float(values[::-1][:_PLANE].sum() / max(values.sum(), np.finfo(float).tiny))
    plane = np.zeros((len(vectors), _PLANE), np.float32)
    plane[:, : chosen.shape[1]] = centred @ chosen
    return plane, seen
