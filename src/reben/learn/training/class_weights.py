"""Weights that make rare classes count as much as frequent ones."""

import numpy as np
import torch
from numpy.typing import NDArray

_LARGEST = 100.0
"""A class of a handful of patches must not decide every step."""


def balanced_weights(labels: NDArray[np.uint8], task: str) -> torch.Tensor:
    """Weight of each class from the labels of the training patches, float32, shape (classes,), at most 100.

    Of labels: patches without the class for each patch with it (the `pos_weight` of binary cross entropy). Of maps: the
    mean number of patches that have a class, divided by that of this class, since pixels are not counted beforehand.
    A class that no training patch has weighs 1.

    Args:
        labels: multi-hot labels, shape (patches, classes).
        task: `classification` or `segmentation`.
    """
    present = labels.sum(axis=0, dtype=np.int64)
    wanted = len(labels) - present if task == "classification" else np.full(len(present), present.mean())
    weights = np.where(present > 0, wanted / np.maximum(present, 1), 1.0)
    return torch.from_numpy(weights.clip(1 / _LARGEST, _LARGEST).astype(np.float32))
