"""The eight ways in which a square image can lie, and how to undo them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Orientation:
    """One way to lay an image."""

    name: str
    """Follows `is` or `are`."""
    apply: Callable[[Pixels], Pixels]
    undo: Callable[[Pixels], Pixels]


def _turned(times: int) -> Callable[[Pixels], Pixels]:
    return lambda pixels: np.rot90(pixels, times)


def _anti_transposed(pixels: Pixels) -> Pixels:
    return np.rot90(pixels, 2).T


UPRIGHT = Orientation("upright", lambda pixels: pixels, lambda pixels: pixels)
ORIENTATIONS: tuple[Orientation, ...] = (
    UPRIGHT,
    Orientation("flipped left to right", np.fliplr, np.fliplr),
    Orientation("flipped upside down", np.flipud, np.flipud),
    Orientation("turned by 180 degrees", _turned(2), _turned(2)),
    Orientation("turned by 90 degrees to the left", _turned(1), _turned(-1)),
    Orientation("turned by 90 degrees to the right", _turned(-1), _turned(1)),
    Orientation("transposed", np.transpose, np.transpose),
    Orientation("transposed along the other diagonal", _anti_transposed, _anti_transposed),
)
