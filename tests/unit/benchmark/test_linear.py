import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from reben.benchmark.linear import fits, standard_of
from reben.benchmark.scoring import ap_macro


@pytest.mark.parametrize("strength", [1e-2, 1e-4])
def test_scores_are_those_of_scikit_learn(strength: float):
    random = np.random.default_rng(1)
    hidden = random.normal(size=(900, 6))
    vectors = (hidden @ random.normal(size=(6, 20)) + 0.3 * random.normal(size=(900, 20))).astype(np.float32)
    vectors[:, 3] = 7  # a feature that never changes
    chances = hidden @ random.normal(size=(6, 4)) + [-4, -1, 0, 1]
    labels = chances + random.logistic(size=chances.shape) > 0
    train, test = slice(0, 600), slice(600, None)
    standard = standard_of(vectors[train])
    known, unknown = standard.of(vectors[train]), standard.of(vectors[test])
    *_, fit = fits(known, labels[train], (1e-1, strength))
    ours = fit.probabilities(unknown)
    theirs = np.stack(
        [
            LogisticRegression(C=1 / (strength * 600), tol=1e-8, max_iter=5000)
            .fit(known.double().numpy(), labels[train, number])
            .predict_proba(unknown.double().numpy())[:, 1]
            for number in range(4)
        ],
        1,
    )
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    assert abs(ap_macro(ours, labels[test]) - ap_macro(theirs.astype(np.float32), labels[test])) < 1e-4


def test_a_class_that_no_patch_has_is_improbable():
    vectors = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    labels = np.zeros((50, 2), np.bool_)
    labels[:, 1] = vectors[:, 0] > 0
    *_, fit = fits(standard_of(vectors).of(vectors), labels, (1e-3,))
    found = fit.probabilities(standard_of(vectors).of(vectors))
    assert found[:, 0].max() < 0.05
    assert found[labels[:, 1], 1].min() > found[~labels[:, 1], 1].max()
