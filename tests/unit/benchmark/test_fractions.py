from pathlib import Path

import numpy as np
import pytest

from reben.benchmark.fractions import Draw, draw, planned, read_draws, write_draws
from reben.core.errors import BenchmarkError

IDS = [f"patch_{number}" for number in range(400)]
NAMES = ("common", "half", "rare")


@pytest.fixture
def labels() -> np.ndarray:
    found = np.zeros((400, 3), np.bool_)
    found[:, 0] = True
    found[::2, 1] = True
    found[::40, 2] = True
    return found


def test_draws_are_stratified_nested_and_the_same_for_everybody(labels: np.ndarray):
    small, large = (draw(IDS, labels, fraction, 0, NAMES) for fraction in (0.1, 0.3))
    assert set(small.patch_ids) < set(large.patch_ids)
    assert small == draw(list(reversed(IDS)), labels[::-1], 0.1, 0, NAMES)
    assert small.patch_ids[:2] == ("patch_100", "patch_111")
    assert small.patch_ids != draw(IDS, labels, 0.1, 1, NAMES).patch_ids
    rows = [IDS.index(name) for name in small.patch_ids]
    assert labels[rows].sum(0).tolist() == [40, 20, 1]
    assert draw(IDS, labels, 1.0, 0, NAMES).patch_ids == tuple(sorted(IDS))


def test_a_fraction_too_small_for_a_class_is_refused(labels: np.ndarray):
    with pytest.raises(BenchmarkError, match="no patch of rare, which 10 of 400") as caught:
        draw(IDS, labels, 0.01, 0, NAMES)
    assert "larger fraction" in caught.value.hint


def test_lists_are_files(tmp_path: Path):
    draws = [Draw(0.1, 0, ("a", "b")), Draw(1.0, 0, ("a", "b", "c"))]
    write_draws(tmp_path / "lists.parquet", draws)
    assert list(read_draws(tmp_path / "lists.parquet").values()) == draws
    (tmp_path / "other.parquet").write_bytes(b"x")
    with pytest.raises(BenchmarkError, match="is not a file of lists"):
        read_draws(tmp_path / "other.parquet")
    assert planned([1.0, 0.1, 0.1], 3) == [(0.1, 0), (0.1, 1), (0.1, 2), (1.0, 0)]
