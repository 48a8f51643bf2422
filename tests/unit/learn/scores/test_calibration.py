import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from reben.learn.scores.calibration import calibrate, expected_error, reliability

random = np.random.default_rng(0)
PROBABILITIES = random.random((400, 3)).astype(np.float32)
LABELS = (random.random((400, 3)) < PROBABILITIES**2).astype(np.uint8)


def test_bins_are_those_of_scikit_learn():
    bins = reliability(PROBABILITIES[:, 0], LABELS[:, 0], bins=10)
    positive_share, mean_probability = calibration_curve(LABELS[:, 0], PROBABILITIES[:, 0], n_bins=10)
    np.testing.assert_allclose([b.positive_share for b in bins], positive_share)
    np.testing.assert_allclose([b.mean_probability for b in bins], mean_probability, rtol=1e-6)
    assert sum(b.decisions for b in bins) == 400


def test_the_error_is_the_mean_distance():
    bins = reliability(np.float32([0.25, 0.25, 0.75, 0.75]), np.uint8([0, 0, 1, 0]), bins=2)
    assert expected_error(bins) == pytest.approx(0.25)
    assert expected_error([]) == 0


def test_perfectly_calibrated_and_perfectly_wrong():
    sure = np.float32([[0, 1], [1, 0]])
    assert calibrate(sure, sure.astype(np.uint8), ["a", "b"]).ece == 0
    assert calibrate(sure, 1 - sure.astype(np.uint8), ["a", "b"]).ece == 1


def test_every_class_has_an_error():
    found = calibrate(PROBABILITIES, LABELS, ["a", "b", "c"])
    assert list(found.ece_per_class) == ["a", "b", "c"]
    assert found.ece == pytest.approx(np.mean(list(found.ece_per_class.values())), abs=0.05)
    assert found.ece > 0.1  # probabilities are not squared
