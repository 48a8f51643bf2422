"""Light from neighbouring ground: what the air scatters into the view of a pixel comes from its surroundings.

Of the light that the ground reflects and the satellite sees, a share has come straight from the pixel, the rest was
scattered on its way up and shows the ground around it: bright pixels look darker than they are, dark ones brighter.
With the share q of the scattered light, a pixel that looks like r between surroundings that look like m on average is

    r + q / (1 - q) * (r - m)

(Vermote et al., IEEE TGRS 35, 1997, section II; Richter, Int. J. Remote Sensing 19, 1998). The share follows from 6S:
it is 1 - exp(-optical depth / cosine of the view angle) / transmittance of the way up.

In truth nearer ground counts more, and the light that molecules scatter comes from further away than that of aerosol.
A plain mean over a square is what is affordable on 120 million pixels, and what ATCOR and sen2cor do.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reben.correct.sixs.inversion import NODATA, SATURATED, Float
from reben.correct.sixs.nodes import OVERVIEW_M, block_means

_ROWS = 1_200
"""Looked at at a time: a multiple of the finest pixels in one of 60 m."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Mean digital numbers around the pixels of a band."""

    means: Float
    """Around the 60 m pixels, shape (side, side)."""
    resolution_m: int
    """Size of the band's pixels."""

    def around(self, rows: slice) -> Float:
        """Means around all pixels of some rows of the band, by straight lines between the 60 m pixels."""
        size = len(self.means)
        columns = np.arange(size * OVERVIEW_M // self.resolution_m)
        above, down = self._places(np.arange(rows.start, rows.stop))
        left, right = self._places(columns)
        strip = self.means[above]
        strip += down[:, None] * (self.means[np.minimum(above + 1, size - 1)] - strip)
        near, far = strip.take(left, axis=1), strip.take(np.minimum(left + 1, size - 1), axis=1)
        far -= near
        far *= right
        far += near
        return far

    def _places(self, pixels: NDArray[np.int64]) -> tuple[NDArray[np.int64], Float]:
        """The 60 m pixel before each pixel's centre, and how far that lies on the way to the next."""
        positions = ((pixels + 0.5) * self.resolution_m / OVERVIEW_M - 0.5).clip(0, len(self.means) - 1)
        before = positions.astype(np.int64)
        return before, (positions - before).astype(np.float32)


def surroundings_of(pixels: NDArray[np.uint16], resolution_m: int, range_m: float) -> Surroundings:
    """Means of the pixels of a band within the range; at the border and beside gaps, of those that there are.

    Args:
        pixels: digital numbers, shape (side, side).
        resolution_m: pixel size, a divisor of 60.
        range_m: how far the surroundings reach to all four sides; at least to the next of the 60 m pixels.
    """
    reach, factor = max(1, round(range_m / OVERVIEW_M)), OVERVIEW_M // resolution_m
    parts = [_known(pixels[top : top + _ROWS], factor) for top in range(0, len(pixels), _ROWS)]
    total, known = (_box_sums(np.concatenate(part), reach) for part in zip(*parts, strict=True))
    means = np.divide(total, known, out=np.zeros_like(total), where=known > 0.5 / factor**2)
    return Surroundings(means.astype(np.float32), resolution_m)


def _known(strip: NDArray[np.uint16], factor: int) -> tuple[Float, Float]:
    """Per 60 m pixel, the digital numbers of pixels of known reflectance, and the share of these."""
    valid = (strip != NODATA) & (strip != SATURATED)
    if valid.all():
        sums = block_means(strip, factor)
        return sums, np.ones_like(sums)
    return block_means(strip * valid, factor), block_means(valid, factor)


def _box_sums(values: Float, reach: int) -> NDArray[np.float64]:
    """Sums over squares around each place, cut off at the border."""
    boxes = values.astype(np.float64)
    for axis in (0, 1):
        places = np.arange(boxes.shape[axis])
        sums = np.insert(np.cumsum(boxes, axis), 0, 0, axis)
        last = np.minimum(places + reach + 1, len(places))
        boxes = sums.take(last, axis) - sums.take(np.maximum(places - reach, 0), axis)
    return boxes
