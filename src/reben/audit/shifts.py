"""Images that lie some pixels away from where they should: found by cross-correlation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGEST_SHARE = 3
"""Shifts up to a third of the side are looked for."""
_MUCH_NEARER = 0.25
_LEAST = 0.9


@dataclass(frozen=True, slots=True)
class Shift:
    """How far an image was moved, in pixels."""

    right: int
    down: int


def shift_between(truth: NDArray[Any], pixels: NDArray[Any]) -> Shift | None:
    """By how much pixels are the truth, moved; None if they lie where they should, or are something else.

    Args:
        truth: shape (n, n).
        pixels: shape (n, n), of any unit.
    """
    old, new = (np.nan_to_num(image.astype(np.float64)) for image in (truth, pixels))
    if old.shape != new.shape or not (np.ptp(old) > 0 and np.ptp(new) > 0):
        return None
    spectrum = np.fft.fft2(new - new.mean()) * np.conj(np.fft.fft2(old - old.mean()))
    surface = np.fft.ifft2(spectrum).real
    down, right = (int(index) for index in np.unravel_index(int(surface.argmax()), surface.shape))
    side = len(old)
    down, right = (step - side if step > side // 2 else step for step in (down, right))
    if (down, right) == (0, 0) or max(abs(down), abs(right)) > side // _LARGEST_SHARE:
        return None
    here, there = _correlation(old, new, 0, 0), _correlation(old, new, down, right)
    return Shift(right, down) if there > _LEAST and 1 - there < _MUCH_NEARER * (1 - here) else None


def _correlation(old: NDArray[np.float64], new: NDArray[np.float64], down: int, right: int) -> float:
    """Correlation of what both images show, if the second is the first one moved."""
    side = len(old)
    first = old[max(0, -down) : side - max(0, down), max(0, -right) : side - max(0, right)]
    second = new[max(0, down) : side - max(0, -down), max(0, right) : side - max(0, -right)]
    a, b = first - first.mean(), second - second.mean()
    length = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum()) / length if length > 0 else 0.0
