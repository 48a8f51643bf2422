"""The coarse grid on which the state of the atmosphere is known: the centres of cells of 1200 m.

Angles, altitude, water vapour and what follows from them change slowly; between nodes they are interpolated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reben.core.grid import TileExtent
from reben.correct.sixs.tables import Directions, Values
from reben.io.safe.angles import DirectionGrid, TileAngles

CELL_M = 1_200
OVERVIEW_M = 60
"""Pixel size at which the atmosphere is looked for: the coarsest of the sensor."""
_CELL_PX = CELL_M // OVERVIEW_M


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes of a square tile; those of the last row and column may have less than a whole cell."""

    extent: TileExtent

    @property
    def per_side(self) -> int:
        """Nodes along one side."""
        return -(-self.extent.side_m // CELL_M)

    @property
    def offsets_m(self) -> Values:
        """How far the nodes lie from the tile's north-west corner, along either axis."""
        offsets: Values = (np.arange(self.per_side, dtype=np.float64) + 0.5) * CELL_M
        return offsets

    def directions(self, angles: TileAngles, band: str) -> Directions:
        """Directions of light at all nodes, shape (rows, columns), for one band."""
        sun_east, sun_north = self._from_grid(angles.sun)
        view_east, view_north = self._from_grid(angles.view[band])
        sun_sine = np.maximum(np.hypot(sun_east, sun_north), 1e-9)
        return Directions(
            sun_cosine=np.sqrt(1 - sun_sine**2),
            view_along=(sun_east * view_east + sun_north * view_north) / sun_sine,
            view_across=(sun_east * view_north - sun_north * view_east) / sun_sine,
        )

    def _from_grid(self, grid: DirectionGrid) -> tuple[Values, Values]:
        """East and north component at the nodes."""
        down, right = (
            linear_weights(self.offsets_m / grid.step_m, size) for size in (len(grid.east), len(grid.east[0]))
        )
        return down @ grid.east @ right.T, down @ grid.north @ right.T


def linear_weights(positions: Values, size: int) -> Values:
    """Weights of `size` values at 0, 1, 2, ... for linear interpolation, shape (positions, size); constant outside.

    >>> linear_weights(np.array([0.25, 7.0]), 3)
    array([[0.75, 0.25, 0.  ],
           [0.  , 0.  , 1.  ]])
    """
    inside = positions.clip(0, size - 1)
    before = np.minimum(inside.astype(int), max(size - 2, 0))
    weights = np.zeros((len(positions), size))
    rows = np.arange(len(positions))
    share = inside - before
    weights[rows, before] = 1 - share
    weights[rows, np.minimum(before + 1, size - 1)] += share
    return weights


def cell_sums(pixels: NDArray[np.generic]) -> Values:
    """Sum of the 60 m pixels of each cell, shape (nodes, nodes)."""
    starts = np.arange(0, len(pixels), _CELL_PX)
    rows = np.add.reduceat(pixels, starts, axis=0, dtype=np.float64)
    sums: Values = np.add.reduceat(rows, starts, axis=1)
    return sums


def block_means(pixels: NDArray[np.uint16] | NDArray[np.bool_], factor: int) -> NDArray[np.float32]:
    """Means of squares of `factor` times `factor` pixels.

    Adding up interleaved images is much faster than a mean over two axes of a reshaped one.
    """
    total = np.zeros((pixels.shape[0] // factor, pixels.shape[1] // factor), np.float32)
    for down in range(factor):
        for right in range(factor):
            total += pixels[down::factor, right::factor]
    total /= factor**2
    return total
