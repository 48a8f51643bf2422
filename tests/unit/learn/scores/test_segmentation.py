import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, jaccard_score

from reben.learn.scores.segmentation import compute, epoch_metrics, matrix_of, score, summarise

CLASSES = 5
NAMES = [f"class {i}" for i in range(CLASSES)]


def maps(seed: int, *, classes: int = CLASSES, unlabelled: float = 0.2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    truth = torch.randint(classes, (6, 8, 8), generator=generator)
    truth[torch.rand(truth.shape, generator=generator) < unlabelled] = -1
    return torch.randint(classes, (6, 8, 8), generator=generator), truth


def scores_of(predicted: torch.Tensor, truth: torch.Tensor):
    metrics = epoch_metrics(CLASSES)
    for part in (slice(0, 4), slice(4, 5), slice(5, 6)):  # uneven batches
        metrics.update(predicted[part], truth[part])
    return score(matrix_of(metrics), NAMES, patches=len(truth)), compute(metrics)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("classes", [1, 3, CLASSES])
def test_equal_to_scikit_learn(seed: int, classes: int):
    predicted, truth = maps(seed, classes=classes)
    found, logged = scores_of(predicted, truth)
    p, t = predicted[truth >= 0].numpy(), truth[truth >= 0].numpy()
    occurring = sorted(set(p) | set(t))
    assert found.mean_iou == pytest.approx(jaccard_score(t, p, labels=occurring, average="macro"))
    assert found.f1_macro == pytest.approx(f1_score(t, p, labels=occurring, average="macro"))
    assert found.f1_micro == found.pixel_accuracy == pytest.approx(accuracy_score(t, p))
    assert found.f1_micro == pytest.approx(f1_score(t, p, labels=range(CLASSES), average="micro"))
    np.testing.assert_array_equal(found.confusion, confusion_matrix(t, p, labels=range(CLASSES)))
    assert found.absent_classes == [NAMES[i] for i in range(CLASSES) if i not in occurring]
    assert {name: float(value) for name, value in logged.items()} == pytest.approx(
        {name: getattr(found, name) for name in logged}
    )
    assert found.majority_pixel_accuracy == pytest.approx(np.bincount(t).max() / len(t))


def test_maps_without_any_label_score_nothing():
    predicted, truth = maps(0)
    found, _ = scores_of(predicted, torch.full_like(truth, -1))
    assert (found.mean_iou, found.pixel_accuracy, found.majority_pixel_accuracy) == (0, 0, 0)
    assert found.absent_classes == NAMES
    assert all(value is None for value in found.iou_per_class.values())


def test_a_perfect_map_scores_one():
    _, truth = maps(0)
    found, _ = scores_of(truth.clamp(min=0), truth)
    assert (found.mean_iou, found.f1_macro, found.pixel_accuracy) == (1, 1, 1)


def test_large_counts_do_not_overflow():
    confusion = np.full((2, 2), 2**40, np.int64)
    assert summarise(confusion)["mean_iou"] == pytest.approx(1 / 3)


def test_as_dict_is_plain_data():
    found, _ = scores_of(*maps(0))
    assert isinstance(found.as_dict()["confusion"][0][0], int)
