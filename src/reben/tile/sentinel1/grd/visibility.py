"""Ground that the radar sees folded together (layover), or not at all (shadow).

Along a line from the satellite outwards, a place lies in layover if another one is as far from the radar, on whichever
side, and in shadow if one that is nearer to the track is seen at as steep an angle. Both follow from the profile of
heights across the track, on a grid of zero-Doppler time and slant range, with a sphere of the local radius.

Source: W. G. Rees, "Technical note: Simple masks for shadowing and highlighting in SAR images", International Journal
of Remote Sensing 21 (2000), whose conditions these are; geometry of a triangle of satellite, place, and Earth's centre.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import NDArray

from reben.core.grid import TileExtent
from reben.io.elevation import ElevationModel
from reben.io.safe.grd.annotation import Annotation
from reben.tile.sentinel1.grd.ground import ground_at
from reben.tile.sentinel1.grd.orbit import Orbit
from reben.tile.sentinel1.grd.placement import Block
from reben.tile.sentinel1.grd.range_doppler import see
from reben.tile.sentinel1.grd.resampling import bilinear

Values = NDArray[np.float64]
_STEP_LINES, _STEP_RANGE_M, _STEP_HEIGHT_M = 3, 15.0, 30.0
"""Of the grid of profiles, and of the heights from which they are taken."""
_MARGIN_M = 15_000
"""Around the tile: how far away a mountain may stand that hides some of it."""
_NODE_M = 3_000.0
_DEGREE = 5
_LINES_AT_A_TIME = 256


@dataclass(frozen=True, slots=True)
class _Polynomial:
    """A smooth function of two variables."""

    middles: tuple[float, float]
    halves: tuple[float, float]
    coefficients: Values
    """Shape (degree + 1, degree + 1)."""

    def on_grid(self, first: Values, second: Values) -> Values:
        """Values at all pairs, shape (first, second)."""
        a, b = ((v - m) / h for v, m, h in zip((first, second), self.middles, self.halves, strict=True))
        return np.asarray(polynomial.polygrid2d(a, b, self.coefficients), np.float64)


@dataclass(frozen=True, slots=True)
class HiddenGround:
    """Layover and shadow of a tile in one pass."""

    extent: TileExtent
    times: _Polynomial
    ranges: _Polynomial
    first_s: float
    step_s: float
    first_m: float
    hidden: NDArray[np.bool_]
    """Shape (times, ranges)."""

    def of(self, block: Block) -> NDArray[np.bool_]:
        """Which pixels of a block are hidden, shape (rows, columns)."""
        x, y = block.centres_m(self.extent)
        rows = (self.times.on_grid(x, y).T - self.first_s) / self.step_s
        columns = (self.ranges.on_grid(x, y).T - self.first_m) / _STEP_RANGE_M
        last_row, last_column = (side - 1 for side in self.hidden.shape)
        return self.hidden[
            np.clip(np.rint(rows).astype(np.intp), 0, last_row),
            np.clip(np.rint(columns).astype(np.intp), 0, last_column),
        ]


def find_hidden(annotation: Annotation, orbit: Orbit, extent: TileExtent, elevation: ElevationModel) -> HiddenGround:
    """Find layover and shadow on a tile.

    Where the model has no value, the ground is taken to be at sea level.

    Raises:
        RasterError: if the model cannot be read.
    """
    x, y = (
        np.arange(start - _MARGIN_M, start + extent.side_m + _MARGIN_M + _NODE_M, _NODE_M)
        for start in (extent.ulx_m, extent.uly_m - extent.side_m)
    )
    at = tuple(axis.ravel() for axis in np.meshgrid(x, y))
    ground = ground_at(extent.crs, *at)
    places = ground.places_m(ground.geoid_m)
    seen = see(orbit, places, ground.normals, annotation.lines * annotation.line_interval_s / 2)
    image = seen.times_s, seen.ranges_m
    eastings, northings = _fit(image, at[0]), _fit(image, at[1])
    radius = float(np.median(np.sqrt((places * places).sum(-1))))
    heights = _Heights(extent, elevation)
    step_s = _STEP_LINES * annotation.line_interval_s
    times = np.arange(image[0].min(), image[0].max() + step_s, step_s)
    ranges = np.arange(image[1].min(), image[1].max() + _STEP_RANGE_M, _STEP_RANGE_M)
    hidden = np.zeros((len(times), len(ranges)), bool)
    for first in range(0, len(times), _LINES_AT_A_TIME):
        part = slice(first, first + _LINES_AT_A_TIME)
        altitudes = heights.at(eastings.on_grid(times[part], ranges), northings.on_grid(times[part], ranges))
        position, _, _ = orbit.at(times[part])
        satellite = np.sqrt((position * position).sum(-1))[:, None]
        hidden[part] = _hidden(satellite, radius, ranges[None, :], altitudes)
    return HiddenGround(extent, _fit(at, image[0]), _fit(at, image[1]), times[0], step_s, ranges[0], hidden)


def _hidden(satellite_m: Values, radius_m: float, ranges_m: Values, altitudes_m: Values) -> NDArray[np.bool_]:
    """Layover or shadow along the second axis, from near to far.

    Args:
        satellite_m: distance from Earth's centre, shape (lines, 1).
        radius_m: of the Earth.
        ranges_m: slant range of the ground at height 0, shape (1, n).
        altitudes_m: shape (lines, n).
    """
    cosine = (satellite_m**2 + radius_m**2 - ranges_m**2) / (2 * satellite_m * radius_m)
    place = radius_m + altitudes_m
    distance = np.sqrt(satellite_m**2 + place**2 - 2 * satellite_m * place * cosine)
    steepness = (satellite_m**2 + distance**2 - place**2) / (2 * satellite_m * distance)
    hidden = np.zeros(distance.shape, bool)
    hidden[:, 1:] |= distance[:, 1:] <= np.maximum.accumulate(distance, axis=1)[:, :-1]
    hidden[:, :-1] |= distance[:, :-1] >= np.minimum.accumulate(distance[:, ::-1], axis=1)[:, ::-1][:, 1:]
    hidden[:, 1:] |= steepness[:, 1:] >= np.minimum.accumulate(steepness, axis=1)[:, :-1]
    return hidden


class _Heights:
    """Heights of a tile and of what lies around it, in memory."""

    def __init__(self, extent: TileExtent, elevation: ElevationModel) -> None:
        self._west, self._north = extent.ulx_m - _MARGIN_M, extent.uly_m + _MARGIN_M
        side = round((extent.side_m + 2 * _MARGIN_M) / _STEP_HEIGHT_M)
        found = elevation.altitudes_m(extent.crs, self._west, self._north, (side, side), _STEP_HEIGHT_M)
        self._altitudes = np.nan_to_num(found)

    def at(self, x_m: Values, y_m: Values) -> Values:
        """Heights at places; those beyond get that of the nearest one within."""
        last = len(self._altitudes) - 1
        column = np.clip((x_m - self._west) / _STEP_HEIGHT_M - 0.5, 0, last).astype(np.float32)
        row = np.clip((self._north - y_m) / _STEP_HEIGHT_M - 0.5, 0, last).astype(np.float32)
        return bilinear(self._altitudes, row, column).astype(np.float64)


def _fit(at: tuple[Values, Values], values: Values) -> _Polynomial:
    """The polynomial that comes nearest to values at pairs of coordinates."""
    middles, halves = zip(*(((a.min() + a.max()) / 2, (a.max() - a.min()) / 2) for a in at), strict=True)
    a, b = ((v - m) / h for v, m, h in zip(at, middles, halves, strict=True))
    coefficients, *_ = np.linalg.lstsq(polynomial.polyvander2d(a, b, [_DEGREE, _DEGREE]), values, rcond=None)
    return _Polynomial(middles, halves, np.asarray(coefficients.reshape(_DEGREE + 1, _DEGREE + 1), np.float64))
