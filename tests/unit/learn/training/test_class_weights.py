import numpy as np
import torch

from reben.learn.training.class_weights import balanced_weights

LABELS = np.array([[1, 1, 0, 0]] * 3 + [[1, 0, 0, 0]] * 997, np.uint8)


def test_labels_weigh_by_patches_without_for_each_with():
    weights = balanced_weights(LABELS, "classification")
    assert weights.dtype == torch.float32
    torch.testing.assert_close(weights, torch.tensor([0.01, 100.0, 1.0, 1.0]))  # limited to a hundred either way
    half = balanced_weights(np.array([[1, 1], [0, 1], [0, 1], [0, 0]], np.uint8), "classification")
    torch.testing.assert_close(half, torch.tensor([3.0, 1 / 3]))


def test_maps_weigh_by_how_rare_a_class_is():
    weights = balanced_weights(np.array([[1, 1], [0, 1], [0, 1], [0, 0]], np.uint8), "segmentation")
    torch.testing.assert_close(weights, torch.tensor([2.0, 2 / 3]))
