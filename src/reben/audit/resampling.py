"""How an image was made larger, and the image that it was made from.

Every usual interpolation to a whole multiple is linear: rows and columns of the large image are weighted sums of those
of the small one, Y = U X U'. So Y lies in a space of few dimensions, a different one for each method. What lies in one
of them was made by that method, and X = U+ Y U+' is what it was made from, U+ being the pseudo-inverse.

Sources of the weights: Keys, IEEE TASSP 29(6), 1981, for cubic convolution, with a = -0.5 (Pillow, GDAL) and a = -0.75
(PyTorch, OpenCV); PyTorch's documentation of `interpolate` for `align_corners`.
"""

from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Method(StrEnum):
    """Methods that are told apart."""

    nearest = "nearest neighbour"
    bilinear = "bilinear interpolation"
    bilinear_corners = "bilinear interpolation with aligned corners"
    bicubic = "bicubic interpolation as in Pillow and GDAL"
    bicubic_torch = "bicubic interpolation as in PyTorch and OpenCV"


_ROUNDING = 0.35
"""Root mean square of what rounding to whole numbers leaves, 0.29, with a margin."""
_EXACT = 1e-5
"""The same of single precision, as a share of the values' spread."""
_BLOCKS = (12, 6, 4, 3, 2)


def block_size(pixels: NDArray[Any]) -> int:
    """Side of the squares of equal pixels that an image consists of; 1 if of none, or if all its pixels are equal.

    >>> block_size(np.arange(4).reshape(2, 2).repeat(2, 0).repeat(2, 1))
    2
    """
    side = pixels.shape[0]
    if not np.ptp(pixels) > 0:
        return 1
    for size in _BLOCKS:
        if side % size == 0 and side > size:
            corners = pixels[::size, ::size]
            if (corners.repeat(size, 0).repeat(size, 1) == pixels).all():
                return size
    return 1


def recover(pixels: NDArray[Any], side: int) -> tuple[NDArray[Any], Method | None] | None:
    """The image of a given side that a square one was made from, and how; None if it was not made from such a one.

    Args:
        pixels: shape (n, n).
        side: of the smaller image. Where both are equal, the image is returned as it is, without a method.
    """
    factor, rest = divmod(len(pixels), side)
    if rest or factor < 1:
        return None
    if factor == 1:
        return pixels, None
    corners = pixels[::factor, ::factor]
    if (corners.repeat(factor, 0).repeat(factor, 1) == pixels).all():
        return corners, Method.nearest
    if not np.isfinite(pixels).all():
        return None
    exact = pixels.astype(np.float64)
    whole = pixels.dtype.kind in "iu" or bool((exact == np.rint(exact)).all())
    tolerance = max(_EXACT * float(np.std(exact)), _ROUNDING if whole else 0.0)
    best: tuple[float, Floats, Method] | None = None
    for method in list(Method)[1:]:
        weights, inverse = _weights(method, side, factor)
        small = inverse @ exact @ inverse.T
        left = float(np.sqrt(np.mean((weights @ small @ weights.T - exact) ** 2)))
        if left <= tolerance and (best is None or left < best[0]):
            best = left, small, method
    if best is None:
        return None
    return (np.rint(best[1]) if whole else best[1]), best[2]


def enlarge(pixels: NDArray[Any], factor: int, method: Method) -> NDArray[Any]:
    """A square image enlarged by a method, in float64 unless pixels are repeated."""
    if method is Method.nearest:
        return pixels.repeat(factor, 0).repeat(factor, 1)
    weights, _ = _weights(method, len(pixels), factor)
    large: Floats = weights @ pixels.astype(np.float64) @ weights.T
    return large


def block_means(pixels: NDArray[Any], side: int) -> Floats:
    """Means of squares, so that `side` of them lie along each side."""
    size = len(pixels) // side
    means: Floats = pixels.astype(np.float64).reshape(side, size, side, size).mean((1, 3))
    return means


@lru_cache(maxsize=64)
def _weights(method: Method, side: int, factor: int) -> tuple[Floats, Floats]:
    """Weights of the small image's rows in those of the large one, shape (side * factor, side), and their inverse."""
    large = side * factor
    if method is Method.bilinear_corners:
        centres = np.arange(large) * (side - 1) / (large - 1)
    else:
        centres = (np.arange(large) + 0.5) / factor - 0.5
    kernel, reach = _KERNELS[method]
    weights = np.zeros((large, side))
    for row, centre in enumerate(centres):
        first = int(np.floor(centre)) - reach + 1
        for column in range(first, first + 2 * reach):
            inside = 0 <= column < side
            if inside or method is not Method.bicubic:
                weights[row, min(max(column, 0), side - 1)] += kernel(abs(centre - column))
    weights /= weights.sum(1, keepdims=True)
    inverse: Floats = np.linalg.pinv(weights).astype(np.float64)
    return weights, inverse


def _triangle(distance: float) -> float:
    return max(0.0, 1 - distance)


def _cubic(a: float) -> Callable[[float], float]:
    def kernel(x: float) -> float:
        if x < 1:
            return ((a + 2) * x - (a + 3)) * x * x + 1
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a if x < 2 else 0.0  # noqa: PLR2004 - where the kernel ends

    return kernel


_KERNELS: dict[Method, tuple[Callable[[float], float], int]] = {
    Method.bilinear: (_triangle, 1),
    Method.bilinear_corners: (_triangle, 1),
    Method.bicubic: (_cubic(-0.5), 2),
    Method.bicubic_torch: (_cubic(-0.75), 2),
}
