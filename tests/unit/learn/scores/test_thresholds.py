import numpy as np
import pytest
from sklearn.metrics import f1_score

from reben.learn.scores.thresholds import DEFAULT, choose_thresholds, score_with

random = np.random.default_rng(0)
LABELS = (random.random((300, 4)) < [0.5, 0.1, 0.9, 0.02]).astype(np.uint8)
PROBABILITIES = np.clip(LABELS * 0.2 + random.random((300, 4)) * 0.5, 0, 1).astype(np.float32)
NAMES = ["a", "b", "c", "d"]


def test_no_other_threshold_is_better():
    chosen = choose_thresholds(PROBABILITIES, LABELS)
    for column, threshold in enumerate(chosen):
        best = f1_score(LABELS[:, column], PROBABILITIES[:, column] >= threshold)
        others = [
            f1_score(LABELS[:, column], PROBABILITIES[:, column] >= t, zero_division=0) for t in np.linspace(0, 1, 101)
        ]
        assert best >= max(others) - 1e-12


def test_scores_are_those_of_scikit_learn():
    thresholds = dict(zip(NAMES, choose_thresholds(PROBABILITIES, LABELS).tolist(), strict=True))
    found = score_with(PROBABILITIES, LABELS, thresholds, chosen_on="validation")
    present = np.array(list(thresholds.values())) <= PROBABILITIES
    assert found.f1_macro == pytest.approx(f1_score(LABELS, present, average="macro"))
    assert found.f1_micro == pytest.approx(f1_score(LABELS, present, average="micro"))


def test_a_class_without_positives_keeps_the_default():
    labels = LABELS.copy()
    labels[:, 2] = 0
    assert choose_thresholds(PROBABILITIES, labels)[2] == DEFAULT
    found = score_with(PROBABILITIES[:1], labels[:1] * 0, dict.fromkeys(NAMES, 2.0), chosen_on="validation")
    assert (found.f1_macro, found.f1_micro) == (0, 0)


def test_constant_probabilities_are_all_present():
    constant = np.full((10, 1), 0.3, np.float32)
    labels = np.uint8([[1]] * 5 + [[0]] * 5)
    assert choose_thresholds(constant, labels)[0] <= 0.3
