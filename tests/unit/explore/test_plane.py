import numpy as np
import pytest

from reben.explore.plane import Vectors, on_plane


def test_the_plane_shows_the_two_directions_of_largest_variance():
    random = np.random.default_rng(1)
    spread = random.normal(size=(300, 5)) * [0.01, 5, 0.02, 3, 0.01]
    plane, seen = on_plane(spread.astype(np.float32))
    assert seen > 0.99
    for axis, column in enumerate((1, 3)):
        assert abs(np.corrcoef(plane[:, axis], spread[:, column])[0, 1]) > 0.99
    again, _ = on_plane(spread.astype(np.float32)[::-1])
    np.testing.assert_allclose(again[::-1], plane, atol=1e-3)


def test_one_dimension_and_one_vector_have_a_place():
    assert on_plane(np.ones((4, 1), np.float32))[0].tolist() == [[0, 0]] * 4
    assert on_plane(np.ones((1, 3), np.float32))[0].tolist() == [[0, 0]]


def test_the_nearest_are_those_of_the_largest_cosine():
    random = np.random.default_rng(2)
    vectors = random.normal(size=(40, 6)).astype(np.float32)
    rows = random.permutation(100)[:40]
    cosines = vectors @ vectors.T
    cosines /= np.outer(np.linalg.norm(vectors, axis=1), np.linalg.norm(vectors, axis=1))
    np.fill_diagonal(cosines, -2)
    found = Vectors.of(rows, vectors)
    expected = rows[np.argsort(-cosines[7])[:5]].tolist()
    near = found.nearest(int(rows[7]), 5)
    assert [row for row, _ in near] == expected
    assert near[0][1] == pytest.approx(cosines[7].max(), abs=1e-5)
    assert found.all_nearest(5)[7].tolist() == expected
    assert found.nearest(101, 5) == []
    assert found.all_nearest(60).shape == (40, 39)
