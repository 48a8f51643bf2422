"""From digital numbers of a band to those of another level, pixel by pixel, in strips that fit into a cache.

The atmosphere's effect is known at the nodes of a coarse grid. Between them, what is interpolated are slope and
intercept of the linear part, and the spherical albedo.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reben.correct.sixs.nodes import CELL_M, Nodes, linear_weights
from reben.correct.sixs.tables import Effect, Values

NODATA = 0
SATURATED = 65_535
_ROWS = 32
"""Of a strip: with 10,980 columns, a strip of float32 has 1.4 MB."""

Float = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Scale:
    """How reflectance is stored: (digital number + offset) / quantification."""

    quantification: float
    offset: int

    def reflectance(self, numbers: NDArray[np.generic]) -> Float:
        """Reflectance of digital numbers."""
        values: Float = (numbers.astype(np.float32) + np.float32(self.offset)) / np.float32(self.quantification)
        return values


L2A_SCALE = Scale(10_000, -1_000)
"""As ESA's products have it since processing baseline 04.00; dark ground may come out below 0."""


def remove_atmosphere(
    pixels: NDArray[np.uint16],
    effect: Effect,
    nodes: Nodes,
    resolution_m: int,
    scale: Scale,
    *,
    around: Callable[[slice], Float] | None = None,
    threads: int = 1,
) -> None:
    """Turn what was seen above the atmosphere (`scale`) into what the ground reflects (`L2A_SCALE`), in place.

    No data stays 0; valid pixels end between 1 and 65,534.

    Args:
        pixels: shape (rows, columns).
        effect: of the atmosphere on the band, at the nodes.
        nodes: of the tile.
        resolution_m: pixel size.
        scale: of the digital numbers.
        around: gives the mean digital numbers around the pixels of some rows, whose light is taken out (see
            `adjacency`); None leaves it in.
        threads: that work on strips.
    """
    slope = 1 / (scale.quantification * effect.gain)
    intercept = (scale.offset / scale.quantification - effect.path) / effect.gain

    def invert(numbers: Float, slopes: Float, intercepts: Float, albedo: Float) -> Float:
        numbers *= slopes
        numbers += intercepts
        numbers /= 1 + albedo * numbers
        return numbers

    def invert_among(  # noqa: PLR0917 - what `_convert` hands over
        numbers: Float, slopes: Float, intercepts: Float, albedo: Float, share: Float, means: Float
    ) -> Float:
        ground = invert(means, slopes, intercepts, albedo)
        numbers *= slopes
        numbers += intercepts
        numbers *= 1 - albedo * ground  # the sky throws back what it got from the surroundings
        numbers -= share * ground
        numbers /= 1 - share
        return numbers

    coefficients = (slope, intercept, effect.albedo)
    if around is None:
        at_nodes = _expand(coefficients, nodes, len(pixels), resolution_m)
        _convert(pixels, at_nodes, invert, L2A_SCALE, threads)
        return
    share = np.broadcast_to(np.asarray(effect.neighbours, np.float64), slope.shape)
    at_nodes = _expand((*coefficients, share), nodes, len(pixels), resolution_m)
    _convert(pixels, at_nodes, invert_among, L2A_SCALE, threads, also=lambda rows: (around(rows),))


def add_atmosphere(
    pixels: NDArray[np.uint16], effect: Effect, nodes: Nodes, resolution_m: int, scale: Scale, *, threads: int = 1
) -> None:
    """The other way round: from reflectance times 10,000 of the ground to digital numbers of L1C, in place."""

    def see(numbers: Float, gain: Float, path: Float, albedo: Float) -> Float:
        numbers /= 10_000
        return path + gain * numbers / (1 - albedo * numbers)

    at_nodes = _expand((effect.gain, effect.path, effect.albedo), nodes, len(pixels), resolution_m)
    _convert(pixels, at_nodes, see, scale, threads)


@dataclass(frozen=True, slots=True)
class _Expanded:
    """Coefficients for all columns of pixels, but only the rows of the nodes."""

    values: tuple[Float, ...]
    """Shape (nodes, columns) each."""
    positions: Values
    """Of the rows of pixels among those of the nodes."""

    def of_rows(self, rows: slice) -> list[Float]:
        """Coefficients of pixels in rows that lie between the same two rows of nodes."""
        last = len(self.values[0]) - 1
        first = min(int(self.positions[rows.start]), max(last - 1, 0))
        share = (self.positions[rows] - first).astype(np.float32)[:, None]
        return [values[first] + share * (values[min(first + 1, last)] - values[first]) for values in self.values]


def _expand(at_nodes: tuple[Values, ...], nodes: Nodes, side_px: int, resolution_m: int) -> _Expanded:
    positions = (np.arange(side_px, dtype=np.float64) + 0.5) * resolution_m / CELL_M - 0.5
    across = linear_weights(positions, nodes.per_side).T
    return _Expanded(
        tuple((values @ across).astype(np.float32) for values in at_nodes), positions.clip(0, nodes.per_side - 1)
    )


def _convert(  # noqa: PLR0917 - all are needed
    pixels: NDArray[np.uint16],
    at_nodes: _Expanded,
    convert: Callable[..., Float],
    scale: Scale,
    threads: int,
    also: Callable[[slice], tuple[Float, ...]] = lambda _: (),
) -> None:
    """Apply `convert` to digital numbers, coefficients and what there is `also` of some rows, strip by strip.

    What it returns is stored as `scale` says.
    """

    def run(rows: slice) -> None:
        strip = pixels[rows]
        result = convert(strip.astype(np.float32), *at_nodes.of_rows(rows), *also(rows))
        result *= np.float32(scale.quantification)
        result += np.float32(0.5 - scale.offset)  # and a half: the cast rounds down
        np.clip(result, 1, SATURATED - 1, out=result)
        valid = strip != NODATA
        strip[...] = result.astype(np.uint16) * valid

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(run, _strips(at_nodes.positions)):
            pass


def _strips(positions: Values) -> Iterator[slice]:
    """Strips of rows that lie between the same two rows of nodes."""
    starts = np.flatnonzero(np.diff(positions.astype(int), prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(positions)], strict=True):
        for top in range(start, stop, _ROWS):
            yield slice(top, min(top + _ROWS, stop))
