"""Geographic split: two nested square frames of a tile become training and validation ground, the rest test ground.

Source: reBEN paper, section II.B, whose two frame widths are printed in the wrong order; in the order used here they
reproduce every published assignment.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from reben.core.errors import SplitError
from reben.core.grid import PatchGrid

TEST_SHARE, VALIDATION_SHARE = 0.25, 0.25
"""Of the tile's area: `p` and `q` of the paper."""


@dataclass(frozen=True, slots=True)
class Frames:
    """Widths of the nested frames of a square tile."""

    outer_m: float
    """Training frame along the border of the tile, in metres."""
    inner_m: float
    """Validation frame within it, in metres; the square that remains is test ground."""


def frames(side_m: float, *, p: float = TEST_SHARE, q: float = VALIDATION_SHARE) -> Frames:
    """Widths for which the test square has the share `p` of the tile's area, and the validation frame the share `q`.

    Args:
        side_m: side of the tile, in metres.
        p: share of the test square.
        q: share of the validation frame.

    Raises:
        SplitError: if `p` or `q` is not positive, or nothing remains for training.

    >>> widths = frames(109_800)
    >>> round(widths.outer_m, 1), round(widths.inner_m, 1)
    (16079.8, 11370.2)
    """
    if not (p > 0 and q > 0 and p + q < 1):
        raise SplitError(f"p={p}, q={q}: both must be positive, and p + q below 1 so that training ground remains")
    return Frames(outer_m=(1 - sqrt(p + q)) / 2 * side_m, inner_m=(sqrt(p + q) - sqrt(p)) / 2 * side_m)


def assign_splits(
    columns: NDArray[np.integer], rows: NDArray[np.integer], grid: PatchGrid, widths: Frames
) -> NDArray[np.str_]:
    """Split of each patch: `train`, `validation` or `test`, by where its centre lies.

    Args:
        columns: shape (n,), from the west.
        rows: shape (n,), from the north.
        grid: the tile's patch grid.
        widths: frames of the tile.

    >>> assign_splits(np.array([0, 20, 45]), np.array([45, 45, 45]), PatchGrid(), frames(109_800)).tolist()
    ['train', 'validation', 'test']
    """
    x_m, y_m = ((index + 0.5) * grid.patch_size_m for index in (columns, rows))
    border_m = np.minimum.reduce([x_m, y_m, grid.tile_side_m - x_m, grid.tile_side_m - y_m])
    frame = np.searchsorted([widths.outer_m, widths.outer_m + widths.inner_m], border_m, side="right")
    splits: NDArray[np.str_] = np.array(["train", "validation", "test"])[frame]
    return splits
