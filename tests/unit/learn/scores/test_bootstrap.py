import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, f1_score

from reben.learn.scores.bootstrap import RankedDecisions, bootstrap_confusions, bootstrap_intervals
from reben.learn.scores.multilabel import score

random = np.random.default_rng(0)
LABELS = (random.random((200, 4)) < 0.3).astype(np.uint8)
PROBABILITIES = np.clip(LABELS * 0.2 + random.random((200, 4)), 0, 1).astype(np.float32).round(2)  # with ties
UNITS = [str(i) for i in range(200)]


@pytest.mark.filterwarnings("ignore:No positive class found")
def test_weighted_metrics_are_those_of_scikit_learn():
    ranked = RankedDecisions(PROBABILITIES, LABELS)
    for seed in range(5):
        weights = np.random.default_rng(seed).integers(0, 4, 200).astype(float)
        found = ranked.metrics(weights)
        ap = [average_precision_score(LABELS[:, i], PROBABILITIES[:, i], sample_weight=weights) for i in range(4)]
        assert found["ap_macro"] == pytest.approx(np.mean(ap))
        every = np.repeat(weights, 4)
        micro = average_precision_score(LABELS.ravel(), PROBABILITIES.ravel(), sample_weight=every)
        assert found["ap_micro"] == pytest.approx(micro)
        for average in ("macro", "micro"):
            expected = f1_score(LABELS, PROBABILITIES > 0.5, average=average, sample_weight=weights)
            assert found[f"f1_{average}"] == pytest.approx(expected)


@pytest.mark.parametrize("constant", [False, True])
def test_equal_weights_give_the_scores_themselves(constant: bool):
    labels = LABELS.copy()
    labels[:, 1] = 0  # a class without positives
    probabilities = np.full_like(PROBABILITIES, 0.7) if constant else PROBABILITIES
    expected = score(torch.from_numpy(probabilities), torch.from_numpy(labels), list("abcd"))
    for name, value in RankedDecisions(probabilities, labels).metrics(np.ones(200)).items():
        assert value == pytest.approx(getattr(expected, name), abs=1e-6)


def test_intervals_contain_the_score_and_narrow_with_more_patches():
    few = bootstrap_intervals(PROBABILITIES[:50], LABELS[:50], UNITS[:50], resamples=200)
    many = bootstrap_intervals(PROBABILITIES, LABELS, UNITS, resamples=200)
    found = RankedDecisions(PROBABILITIES, LABELS).metrics(np.ones(200))
    for name, interval in many.items():
        assert interval.low < found[name] < interval.high
        assert interval.high - interval.low < few[name].high - few[name].low
    assert many == bootstrap_intervals(PROBABILITIES, LABELS, UNITS, resamples=200)


def test_units_are_drawn_as_a_whole():
    copies = np.repeat(np.arange(20), 10)  # ten copies of 20 patches know no more than 20 patches
    p, t = PROBABILITIES[copies], LABELS[copies]
    blocks = bootstrap_intervals(p, t, [str(i) for i in copies], resamples=300)["ap_micro"]
    patches = bootstrap_intervals(p, t, UNITS, resamples=300)["ap_micro"]
    assert blocks.high - blocks.low > 2 * (patches.high - patches.low)


def test_confusions():
    confusions = random.integers(0, 50, (30, 3, 3)).astype(np.int32)
    found = bootstrap_confusions(confusions, [str(i % 10) for i in range(30)], resamples=100)
    whole = confusions.sum(axis=0)
    assert found["pixel_accuracy"].low < np.trace(whole) / whole.sum() < found["pixel_accuracy"].high
    same = bootstrap_confusions(np.tile(confusions[:1], (30, 1, 1)), UNITS[:30], resamples=20)
    assert same["mean_iou"].low == pytest.approx(same["mean_iou"].high)
