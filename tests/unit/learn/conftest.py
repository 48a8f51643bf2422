from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from reben.learn.retrieval.embeddings import EmbeddingModel, Embeddings

CLASSES = tuple("abcdefg")


@pytest.fixture
def make_embeddings() -> Callable[..., Embeddings]:
    """A table from vectors and, per patch, the letters of its labels."""

    def make(
        vectors: NDArray[np.float32],
        labels: list[str],
        *,
        ids: list[str] | None = None,
        splits: list[str] | None = None,
        fingerprint: str = "0" * 64,
    ) -> Embeddings:
        count = len(vectors)
        rows = pa.table(
            {
                "patch_id": pa.array(ids or [f"patch_{number}" for number in range(count)], pa.string()),
                "split": pa.array(splits or ["train"] * count, pa.string()),
                "country": pa.array(["Nowhere"] * count, pa.string()),
                "labels": pa.array([list(letters) for letters in labels], pa.list_(pa.string())),
            }
        )
        model = EmbeddingModel(
            "run", "test_resnet", fingerprint, ("VV",), (0.0,), (1.0,), "layer", CLASSES, vectors.shape[1]
        )
        return Embeddings(rows, vectors.astype(np.float32), model)

    return make
