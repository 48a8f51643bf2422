import numpy as np

from reben.benchmark.nearest import shares
from reben.learn.retrieval.neighbours import Index


def test_shares_of_neighbours_are_those_of_a_full_comparison():
    random = np.random.default_rng(3)
    vectors, queries = (random.normal(size=(n, 8)).astype(np.float32) for n in (60, 17))
    labels = random.random((60, 3)) < 0.3
    found = shares(Index(vectors), labels, queries, (1, 5, 100))
    cosines = (queries / np.linalg.norm(queries, axis=1)[:, None]) @ (
        vectors / np.linalg.norm(vectors, axis=1)[:, None]
    ).T
    order = np.argsort(-cosines, axis=1)
    assert list(found) == [1, 5]  # there are no hundred
    for number, share in found.items():
        np.testing.assert_allclose(share, labels[order[:, :number]].mean(1), rtol=1e-6)
