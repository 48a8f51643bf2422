import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from reben.learn.scores.multilabel import compute, epoch_metrics, score

NAMES = [f"class {i}" for i in range(7)]


@pytest.fixture
def sample() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(200, 7, generator=generator), (torch.rand(200, 7, generator=generator) < 0.3).long()


def expect_sklearn(probabilities: torch.Tensor, labels: torch.Tensor) -> None:
    scores = score(probabilities, labels, NAMES)
    p, t = probabilities.numpy(), labels.numpy()
    assert scores.ap_macro == pytest.approx(average_precision_score(t, p, average="macro"), abs=1e-5)
    assert scores.ap_micro == pytest.approx(average_precision_score(t, p, average="micro"), abs=1e-5)
    assert scores.f1_macro == pytest.approx(f1_score(t, p > 0.5, average="macro", zero_division=0), abs=1e-5)
    assert scores.f1_micro == pytest.approx(f1_score(t, p > 0.5, average="micro", zero_division=0), abs=1e-5)
    expected = average_precision_score(t, p, average=None)
    assert list(scores.ap_per_class) == NAMES
    np.testing.assert_allclose(list(scores.ap_per_class.values()), expected, atol=1e-5)


def test_equal_to_scikit_learn(sample):
    expect_sklearn(*sample)


def test_equal_to_scikit_learn_with_ties_and_constant_scores(sample):
    probabilities, labels = sample
    expect_sklearn((probabilities * 4).round() / 4, labels)
    expect_sklearn(torch.full_like(probabilities, 0.7), labels)


@pytest.mark.filterwarnings("ignore:No positive class found")  # scikit-learn says it, we report it
def test_a_class_without_positives_counts_as_zero_and_is_named(sample):
    probabilities, labels = sample
    labels[:, 3] = 0
    expect_sklearn(probabilities, labels)
    scores = score(probabilities, labels, NAMES)
    assert scores.classes_without_positives == ["class 3"]
    assert str(scores.ap_per_class["class 3"]) == "0.0"


def test_chance_level_is_the_mean_share_of_positives(sample):
    probabilities, labels = sample
    scores = score(probabilities, labels, NAMES)
    assert scores.chance_ap_macro == pytest.approx(labels.float().mean().item())
    random = score(torch.rand(20_000, 7), (torch.rand(20_000, 7) < 0.3).long(), NAMES)
    assert random.ap_macro == pytest.approx(random.chance_ap_macro, abs=0.02)


def test_batches_of_any_size_give_the_metrics_of_the_whole(sample):
    probabilities, labels = sample
    metrics = epoch_metrics(7)
    for part in (slice(0, 90), slice(90, 91), slice(91, 200)):
        metrics.update(probabilities[part], labels[part])
    whole = score(probabilities, labels, NAMES)
    assert {name: float(value) for name, value in compute(metrics).items()} == pytest.approx(
        {name: getattr(whole, name) for name in ("ap_macro", "ap_micro", "f1_macro", "f1_micro")}
    )


def test_as_dict_is_plain_data(sample):
    values = score(*sample, NAMES).as_dict()
    assert values["patches"] == 200
    assert set(values["ap_per_class"]) == set(NAMES)


@pytest.mark.filterwarnings("ignore:No positive class found")
@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("patches", [1, 3])
def test_equal_to_scikit_learn_when_all_labels_are_the_same(label: int, patches: int):
    generator = torch.Generator().manual_seed(patches)
    expect_sklearn(torch.rand(patches, 7, generator=generator), torch.full((patches, 7), label))


@pytest.mark.filterwarnings("ignore:No positive class found")
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(2, 12), st.floats(0, 1))
@settings(max_examples=40)
def test_equal_to_scikit_learn_on_anything(seed: int, patches: int, levels: int, share: float):
    generator = torch.Generator().manual_seed(seed)
    probabilities = torch.randint(levels, (patches, 7), generator=generator) / levels  # with many ties
    expect_sklearn(probabilities, (torch.rand(patches, 7, generator=generator) < share).long())
