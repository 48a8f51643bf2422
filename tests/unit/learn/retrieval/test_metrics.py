from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reben.core.errors import EmbeddingError
from reben.learn.retrieval.embeddings import Embeddings
from reben.learn.retrieval.metrics import chance, count_relevant, evaluate_retrieval, score_ranking
from reben.learn.retrieval.neighbours import IndexKind


def slow_scores(hits: list[bool], relevant: int, k: int) -> tuple[float, float, float]:
    """The definitions, word for word."""
    found, average = 0, 0.0
    for rank in range(1, k + 1):
        if rank <= len(hits) and hits[rank - 1]:
            found += 1
            average += found / rank
    return average / min(relevant, k), found / k, found / relevant


def slow_evaluation(queries: Embeddings, database: Embeddings, k: int) -> tuple[list[float], int]:
    """Means over queries by comparing every pair in double precision, and how many queries count."""
    unit = [v / (np.linalg.norm(v) or 1) for v in database.vectors.astype(np.float64)]
    rows = []
    for query_id, vector, labels in zip(
        queries.ids, queries.vectors.astype(np.float64), queries.rows["labels"].to_pylist(), strict=True
    ):
        others = [n for n, patch_id in enumerate(database.ids) if patch_id != query_id]
        others.sort(key=lambda n: -float(unit[n] @ vector))
        hits = [bool(set(labels) & set(database.rows["labels"][n].as_py())) for n in others]
        if any(hits):
            rows.append(slow_scores(hits[:k], sum(hits), min(k, len(others))))
    return np.mean(rows, axis=0).tolist(), len(rows)


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(1, 15), st.integers(0, 5))
def test_one_ranking_is_scored_by_the_definitions(hits: list[bool], k: int, unseen: int):
    relevant = max(sum(hits) + unseen, 1)
    assert score_ranking(np.array(hits[:k]), relevant, k) == pytest.approx(slow_scores(hits[:k], relevant, k))


def test_a_perfect_ranking_reaches_1_and_an_empty_one_0():
    assert score_ranking(np.ones(5, np.bool_), 100, 5) == (1.0, 1.0, 0.05)
    assert score_ranking(np.array([True, True, False]), 2, 3)[0] == 1
    assert score_ranking(np.zeros(5, np.bool_), 3, 5) == (0, 0, 0)
    assert score_ranking(np.zeros(0, np.bool_), 3, 5) == (0, 0, 0)


@pytest.mark.parametrize("size", [1, 2, 4, 5])
def test_chance_is_the_mean_over_all_orders(size: int):
    for relevant in range(1, size + 1):
        database = [True] * relevant + [False] * (size - relevant)
        for k in range(1, size + 1):
            every = [score_ranking(np.array(order[:k]), relevant, k) for order in permutations(database)]
            assert chance(size, relevant, k) == pytest.approx(np.mean(every, axis=0).tolist())


def test_relevant_patches_are_counted_like_pair_by_pair():
    random = np.random.default_rng(0)
    queries, labels = random.random((40, 6)) < 0.2, random.random((300, 6)) < 0.2
    pairs = (queries[:, None, :] & labels[None, :, :]).any(axis=2).sum(axis=1)
    np.testing.assert_array_equal(count_relevant(queries, labels), pairs)


@pytest.mark.parametrize("k", [1, 3, 10, 1000])
@pytest.mark.parametrize("same", [True, False])
def test_random_tables_are_scored_like_brute_force(make_embeddings: Callable[..., Embeddings], k: int, same: bool):
    random = np.random.default_rng(1)

    def labels(count: int) -> list[str]:
        return ["".join(random.choice(list("abcdefg"), random.integers(1, 4), replace=False)) for _ in range(count)]

    database = make_embeddings(random.normal(size=(120, 8)), labels(120))
    other_ids = [f"query_{n}" for n in range(33)]
    queries = database if same else make_embeddings(random.normal(size=(33, 8)), labels(33), ids=other_ids)
    scores = evaluate_retrieval(queries, database, k=k)
    expected, counted = slow_evaluation(queries, database, k)
    assert (scores.map_at_k, scores.precision_at_k, scores.recall_at_k) == pytest.approx(expected)
    assert (scores.queries, scores.queries_without_relevant) == (counted, len(queries) - counted)


def test_random_embeddings_score_like_chance(make_embeddings: Callable[..., Embeddings]):
    random = np.random.default_rng(2)
    labels = ["".join(random.choice(list("abcdefg"), 2, replace=False)) for _ in range(600)]
    scores = evaluate_retrieval(*[make_embeddings(random.normal(size=(600, 32)), labels)] * 2, k=20)
    assert scores.map_at_k == pytest.approx(scores.chance_map_at_k, abs=0.02)
    assert scores.precision_at_k == pytest.approx(scores.chance_precision_at_k, abs=0.02)
    assert scores.recall_at_k == pytest.approx(scores.chance_recall_at_k, abs=0.002)


@pytest.mark.parametrize("kind", list(IndexKind))
def test_embeddings_that_are_the_labels_are_perfect(make_embeddings: Callable[..., Embeddings], kind: IndexKind):
    letters = list("abcdefg") * 40
    vectors = np.array([np.eye(7)["abcdefg".index(letter)] for letter in letters])
    table = make_embeddings(vectors, letters)
    scores = evaluate_retrieval(table, table, k=5, kind=kind)
    assert scores.map_at_k == scores.precision_at_k == 1
    assert scores.recall_at_k == pytest.approx(5 / 39)
    assert scores.chance_precision_at_k == pytest.approx(39 / 279)


def test_queries_without_relevant_patches_do_not_count(make_embeddings: Callable[..., Embeddings]):
    table = make_embeddings(np.eye(3), ["a", "a", "b"])
    done: list[int] = []
    scores = evaluate_retrieval(table, table, k=2, progress=done.append)
    assert (scores.queries, scores.queries_without_relevant, scores.database) == (2, 1, 3)
    assert sum(done) == 3
    with pytest.raises(EmbeddingError, match="no query shares a label"):
        evaluate_retrieval(table.take([2]), table)
    single = table.take([0])
    with pytest.raises(EmbeddingError, match="no query shares a label"):
        evaluate_retrieval(single, single)
