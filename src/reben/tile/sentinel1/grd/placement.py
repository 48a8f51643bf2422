"""Where in the image each pixel of a block of the tile lies: the exact equations at a few nodes, polynomials between.

Time and slant range are smooth functions of easting, northing and height. Over a block of some kilometres polynomials
of third degree on the map and of second degree in height follow them to less than a thousandth of a pixel (a test holds
them against the exact solution). Ground range has kinks at the times of the annotation's polynomials, so it is worked
out for each pixel, from the cubic that follows ESA's polynomials over the block.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.polynomial import chebyshev, polynomial
from numpy.typing import NDArray

from reben.core.grid import TileExtent
from reben.io.safe.grd.annotation import Annotation
from reben.tile.sentinel1.grd.ground import ground_at
from reben.tile.sentinel1.grd.orbit import Orbit
from reben.tile.sentinel1.grd.range_doppler import Seen, see

PIXEL_M = 10
"""Of Sentinel-1 patches, and of the tile's grid."""
_MAP_NODES, _HEIGHT_NODES, _RANGE_NODES = 4, 3, 4
_SMALLEST_SPAN_M = 10.0
_MARGIN = 1.001


@dataclass(frozen=True, slots=True)
class Block:
    """Pixels of a tile's 10 m grid."""

    row: int
    column: int
    rows: int
    columns: int

    def centres_m(self, extent: TileExtent) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Eastings of the columns and northings of the rows."""
        x = extent.ulx_m + PIXEL_M * (self.column + 0.5 + np.arange(self.columns, dtype=np.float64))
        y = extent.uly_m - PIXEL_M * (self.row + 0.5 + np.arange(self.rows, dtype=np.float64))
        return x, y


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the pixels of a block lie in the image; shape (rows, columns), NaN where the height is unknown."""

    first_line: int
    first_pixel: int
    lines: NDArray[np.float32]
    """After `first_line`."""
    pixels: NDArray[np.float32]
    """After `first_pixel`."""
    incidence_deg: NDArray[np.float32]


def place_block(
    annotation: Annotation, orbit: Orbit, extent: TileExtent, block: Block, altitudes_m: NDArray[np.float32]
) -> Placement | None:
    """Find a block in the image.

    Args:
        annotation: of the image.
        orbit: of the satellite.
        extent: of the tile.
        block: pixels of its grid.
        altitudes_m: shape (rows, columns), above the geoid, NaN where unknown.

    Returns:
        None if nothing is known of the heights, or the radar looked the other way.
    """
    known = altitudes_m[np.isfinite(altitudes_m)]
    if not known.size:
        return None
    middle, half = _middle_and_half(float(known.min()), float(known.max()), _SMALLEST_SPAN_M)
    grid = _Interpolation(block)
    x, y = block.centres_m(extent)
    at = np.meshgrid(grid.nodes(x), grid.nodes(y))
    ground = ground_at(extent.crs, *at)
    heights = middle + half * chebyshev.chebpts1(_HEIGHT_NODES)
    places = np.stack([ground.places_m(height + ground.geoid_m) for height in heights])  # (height, row, column, 3)
    seen = see(orbit, places, ground.normals, annotation.lines * annotation.line_interval_s / 2)
    if not seen.on_the_right.all():
        return None
    above = ((altitudes_m - np.float32(middle)) / np.float32(half)).astype(np.float32)
    return _placed(annotation, grid, seen, above)


def geoid_on(extent: TileExtent, block: Block) -> NDArray[np.float32]:
    """Height of the geoid above the ellipsoid on the pixels of a block, shape (rows, columns), metres."""
    grid = _Interpolation(block)
    x, y = block.centres_m(extent)
    undulation = ground_at(extent.crs, *np.meshgrid(grid.nodes(x), grid.nodes(y))).geoid_m
    return grid.fill_flat(undulation)


def _placed(annotation: Annotation, grid: "_Interpolation", seen: Seen, above: NDArray[np.float32]) -> Placement:
    lines = seen.times_s / annotation.line_interval_s
    first_line = int(np.floor(lines.min()))
    lines_on_grid = grid.fill(lines - first_line, above)
    middle, half = _middle_and_half(float(seen.ranges_m.min()), float(seen.ranges_m.max()), _SMALLEST_SPAN_M)
    along_range = grid.fill((seen.ranges_m - middle) / half, above)
    first_pixel, pixels = _pixels(annotation, lines_on_grid, first_line, along_range, (middle, half))
    incidence = grid.fill(seen.incidence_deg, above)
    return Placement(first_line, first_pixel, lines_on_grid, pixels, incidence)


class _Interpolation:
    """From values at nodes to the pixels of a block: Lagrange polynomials as matrices."""

    def __init__(self, block: Block) -> None:
        points = chebyshev.chebpts1(_MAP_NODES)
        self._down, self._across = (_lagrange(points, np.linspace(-1, 1, n)) for n in (block.rows, block.columns))
        heights = chebyshev.chebpts1(_HEIGHT_NODES)
        self._powers = np.linalg.inv(np.vander(heights, increasing=True))

    def nodes(self, along_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where the nodes lie between the first and the last pixel."""
        middle, half = (along_m[0] + along_m[-1]) / 2, (along_m[-1] - along_m[0]) / 2
        return np.asarray(middle + half * chebyshev.chebpts1(_MAP_NODES), np.float64)

    def fill_flat(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Values at all pixels, whatever their height.

        Args:
            values: at the nodes, shape (rows, columns).
        """
        return (self._down @ values @ self._across.T).astype(np.float32)

    def fill(self, values: NDArray[np.float64], above: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values at all pixels.

        Args:
            values: at the nodes, shape (heights, rows, columns).
            above: height of each pixel, -1 to 1.
        """
        by_power = np.tensordot(self._powers, values, axes=1)
        filled: NDArray[np.float32] | None = None
        for power in by_power[::-1]:
            field = self.fill_flat(power)
            filled = field if filled is None else np.add(np.multiply(filled, above, out=filled), field, out=filled)
        assert filled is not None  # noqa: S101 - there is one power at least
        return filled


def _lagrange(nodes: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of the nodes for each place, shape (places, nodes)."""
    return np.asarray(np.vander(at, len(nodes)) @ np.linalg.inv(np.vander(nodes)), np.float64)


def _pixels(
    annotation: Annotation,
    lines: NDArray[np.float32],
    first_line: int,
    along_range: NDArray[np.float32],
    span_m: tuple[float, float],
) -> tuple[int, NDArray[np.float32]]:
    """First pixel, and pixels after it.

    Args:
        annotation: of the image.
        lines: after the first line.
        first_line: of the block.
        along_range: slant range, -1 to 1 over the span.
        span_m: middle and half of the span.
    """
    conversion = annotation.ground_range
    at_lines = conversion.times_s / annotation.line_interval_s - first_line
    known = lines[np.isfinite(lines)]
    first = max(int(np.searchsorted(at_lines, known.min(), "right")) - 1, 0)
    last = min(int(np.searchsorted(at_lines, known.max())), len(at_lines) - 1)
    cubics = np.stack([_cubic(annotation, number, span_m) for number in range(first, max(last, first) + 1)])
    first_pixel = int(np.floor(polynomial.polyval(-1, cubics[0])))
    cubics[:, 0] -= first_pixel
    pixels = _horner(cubics[0], along_range)
    for number, (before, after) in enumerate(pairwise(cubics), start=first):
        share = (lines - np.float32(at_lines[number])) / np.float32(at_lines[number + 1] - at_lines[number])
        pixels += np.clip(share, 0, 1) * _horner(after - before, along_range)
    return first_pixel, pixels


def _cubic(annotation: Annotation, number: int, span_m: tuple[float, float]) -> NDArray[np.float64]:
    """Pixel by slant range (-1 to 1 over the span), by powers."""
    conversion, (middle, half) = annotation.ground_range, span_m
    nodes = chebyshev.chebpts1(_RANGE_NODES)
    metres = polynomial.polyval(middle + half * nodes - conversion.origins_m[number], conversion.coefficients[number])
    return np.asarray(
        np.linalg.solve(np.vander(nodes, increasing=True), metres / annotation.pixel_spacing_m), np.float64
    )


def _horner(coefficients: NDArray[np.float64], at: NDArray[np.float32]) -> NDArray[np.float32]:
    value = np.full_like(at, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value *= at
        value += np.float32(coefficient)
    return value


def _middle_and_half(low: float, high: float, smallest: float) -> tuple[float, float]:
    return (low + high) / 2, max(high - low, smallest) / 2 * _MARGIN
