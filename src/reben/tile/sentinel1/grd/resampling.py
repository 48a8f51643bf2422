"""Values between the pixels of an image."""

import numpy as np
from numpy.typing import NDArray


def bilinear(
    image: NDArray[np.float32], rows: NDArray[np.float32], columns: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Values at places of an image; half a pixel beyond its outermost centres, those count.

    Args:
        image: shape (height, width), two pixels wide and high at least.
        rows: any shape, counted from the centre of the first row; within the image.
        columns: of the same shape.

    Returns:
        of that shape; NaN where a pixel around is NaN.

    >>> bilinear(np.float32([[0, 1], [2, 3]]), np.float32([0.5]), np.float32([0.25]))
    array([1.25], dtype=float32)
    """
    height, width = image.shape
    top = np.clip(rows.astype(np.int32), 0, height - 2)
    left = np.clip(columns.astype(np.int32), 0, width - 2)
    down, across = np.clip(rows - top, 0, 1), np.clip(columns - left, 0, 1)
    flat, at = image.ravel(), top * np.int32(width) + left
    upper, lower = flat.take(at), flat.take(at + width)
    at += 1
    upper += across * (flat.take(at) - upper)
    lower += across * (flat.take(at + width) - lower)
    upper += down * (lower - upper)
    return upper
