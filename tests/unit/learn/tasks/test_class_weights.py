import numpy as np
import pytest

from reben.learn.tasks import task_of

LABELS = np.array([[1, 1, 0, 0]] * 3 + [[1, 0, 0, 0]] * 997, np.uint8)


def test_labels_weigh_by_patches_without_for_each_with():
    weights = task_of("classification").balanced_weights(LABELS)
    assert weights == pytest.approx([0.01, 100.0, 1.0, 1.0])  # limited to a hundred either way
    half = task_of("classification").balanced_weights(np.array([[1, 1], [0, 1], [0, 1], [0, 0]], np.uint8))
    assert half == pytest.approx([3.0, 1 / 3])


def test_maps_weigh_by_how_rare_a_class_is():
    weights = task_of("segmentation").balanced_weights(np.array([[1, 1], [0, 1], [0, 1], [0, 0]], np.uint8))
    assert weights == pytest.approx([2.0, 2 / 3])
