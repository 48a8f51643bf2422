from collections.abc import Callable

import numpy as np
import pytest

from reben.core.errors import EmbeddingError
from reben.learn.retrieval.embeddings import Embeddings
from reben.learn.retrieval.neighbours import Index, neighbours, ranked
from reben.learn.retrieval.options import IndexKind, Measure

KINDS = list(IndexKind)


def brute_force(vectors: np.ndarray, query: np.ndarray, measure: Measure) -> tuple[np.ndarray, np.ndarray]:
    """All rows, the nearest first, with their scores, in double precision."""
    vectors, query = vectors.astype(np.float64), query.astype(np.float64)
    if measure is Measure.euclidean:
        scores = np.linalg.norm(vectors - query, axis=1)
        return np.argsort(scores), np.sort(scores)
    norms = np.linalg.norm(vectors, axis=1) * np.linalg.norm(query)
    scores = np.divide(vectors @ query, norms, out=np.zeros(len(vectors)), where=norms > 0)
    return np.argsort(-scores), -np.sort(-scores)


@pytest.mark.parametrize("measure", list(Measure))
def test_the_flat_index_is_exact(measure: Measure):
    random = np.random.default_rng(0)
    vectors = random.normal(size=(500, 16)).astype(np.float32)
    queries = random.normal(size=(7, 16)).astype(np.float32)
    scores, rows = Index(vectors, measure=measure).search(queries, 20)
    for number, query in enumerate(queries):
        expected_rows, expected_scores = brute_force(vectors, query, measure)
        np.testing.assert_array_equal(rows[number], expected_rows[:20])
        np.testing.assert_allclose(scores[number], expected_scores[:20], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", [IndexKind.hnsw, IndexKind.ivf])
@pytest.mark.parametrize("measure", list(Measure))
def test_approximate_indexes_find_most(kind: IndexKind, measure: Measure):
    random = np.random.default_rng(0)
    centres = random.normal(size=(20, 16)) * 5
    vectors = (centres.repeat(100, axis=0) + random.normal(size=(2000, 16))).astype(np.float32)
    _, exact = Index(vectors, measure=measure).search(vectors[::100], 10)
    _, found = Index(vectors, kind, measure).search(vectors[::100], 10)
    shared = [len(set(a) & set(b)) for a, b in zip(exact.tolist(), found.tolist(), strict=True)]
    assert np.mean(shared) > 8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 2, 40])
def test_small_and_degenerate_databases(kind: IndexKind, size: int, make_embeddings: Callable[..., Embeddings]):
    table = make_embeddings(np.zeros((size, 4)), ["a"] * size)
    found = neighbours(table.take([0]), table, k=10, kind=kind)
    assert len(found) <= min(10, size - 1)
    if kind is IndexKind.flat:
        assert len(found) == min(10, size - 1)
    assert "patch_0" not in {neighbour.patch_id for neighbour in found}
    assert all(neighbour.score == 0 for neighbour in found)


def test_neighbours_say_what_they_share(make_embeddings: Callable[..., Embeddings]):
    vectors = np.array([[1, 0], [0.9, 0.1], [0, 1], [-1, 0]])
    table = make_embeddings(vectors, ["ab", "bc", "c", "a"], splits=["test", "train", "train", "validation"])
    first, second, third = neighbours(table.take([0]), table, k=5)
    assert (first.patch_id, first.labels, first.shared) == ("patch_1", ("b", "c"), ("b",))
    assert first.score == pytest.approx(0.9 / np.hypot(0.9, 0.1))
    assert (second.patch_id, second.score) == ("patch_2", pytest.approx(0))
    assert (third.score, third.split, third.country) == (pytest.approx(-1), "validation", "Nowhere")
    distances = neighbours(table.take([0]), table, k=5, measure=Measure.euclidean)
    assert [n.score for n in distances] == pytest.approx([np.hypot(0.1, 0.1), np.sqrt(2), 2])


def test_the_table_is_not_changed(make_embeddings: Callable[..., Embeddings]):
    vectors = np.array([[3.0, 4.0], [1.0, 0.0]])
    table = make_embeddings(vectors, ["a", "a"])
    neighbours(table.take([0]), table)
    np.testing.assert_array_equal(table.vectors, vectors)


def test_queries_of_another_model_are_refused(make_embeddings: Callable[..., Embeddings]):
    table = make_embeddings(np.eye(3), ["a"] * 3)
    other = make_embeddings(np.eye(3), ["a"] * 3, fingerprint="1" * 64).take([0])
    with pytest.raises(EmbeddingError, match="another model") as caught:
        neighbours(other, table)
    assert "--checkpoint" in caught.value.hint


def test_many_queries_come_in_order_without_themselves(
    make_embeddings: Callable[..., Embeddings], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("reben.learn.retrieval.neighbours._QUERIES_AT_ONCE", 7)
    vectors = np.random.default_rng(0).normal(size=(30, 8))
    table = make_embeddings(vectors, ["a"] * 30)
    strangers = make_embeddings(vectors, ["a"] * 30, ids=[f"other_{n}" for n in range(30)])
    index = Index(table.vectors)
    own = list(ranked(index, table, table, 5))
    assert [found.own_row for found in own] == list(range(30))
    for number, (found, stranger) in enumerate(zip(own, ranked(index, strangers, table, 5), strict=True)):
        expected, _ = brute_force(table.vectors, table.vectors[number], Measure.cosine)
        assert found.rows.tolist() == expected[1:6].tolist()
        assert stranger.rows.tolist() == expected[:5].tolist()
        assert stranger.own_row is None
