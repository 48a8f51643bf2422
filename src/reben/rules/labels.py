"""Multi-labels of a patch, and whether enough of it is labelled to keep it.

Source: reBEN paper, section II.A.
"""

import numpy as np
from numpy.typing import NDArray

from reben.core.classes import UNLABELLED, Legend

MIN_LABELLED = 0.75
"""Share of labelled pixels that a patch needs to stay."""


def present_labels(class_map: NDArray[np.int8], legend: Legend) -> list[str]:
    """Names of the classes that occur in a patch, sorted; one pixel is enough.

    Args:
        class_map: class index per pixel, any shape, -1 where unlabelled (`Legend.class_map`).
        legend: legend of the indices.
    """
    return [legend.class_names[index] for index in np.unique(class_map) if index != UNLABELLED]


def is_labelled_enough(class_map: NDArray[np.int8], min_labelled: float = MIN_LABELLED) -> bool:
    """Whether a patch stays: it has a label, and more than `min_labelled` of its pixels are labelled.

    The paper removes patches with less than 75 % of labelled pixels; the published set was made with the strict rule,
    which also drops a patch with exactly 75 %.

    Args:
        class_map: class index per pixel, any shape, -1 where unlabelled.
        min_labelled: share of labelled pixels, 0 to 1.
    """
    labelled = int(np.count_nonzero(class_map != UNLABELLED))
    return labelled > 0 and labelled > min_labelled * class_map.size
