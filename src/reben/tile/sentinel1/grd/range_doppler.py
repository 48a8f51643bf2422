"""When the radar looked straight at a place, and from how far: the zero-Doppler equations, solved exactly.

Source: UZH, "Guide to Sentinel-1 Geocoding" (UZH-S1-GC-AD, 1.10), sections 4 and 5; ESA, Sentinel-1 Product
Specification: an image is focused to zero Doppler, and its ground range follows from slant range by polynomials, which
are interpolated between their times.
"""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.polynomial import polyval
from numpy.typing import NDArray

from reben.io.safe.grd.annotation import Annotation, GroundRange
from reben.tile.sentinel1.grd.orbit import Orbit

Values = NDArray[np.float64]
_STEPS = 12
_CLOSE_S = 1e-9
"""At 7 km/s, some micrometres."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How places were seen; all arrays have the shape of the places."""

    times_s: Values
    """Zero-Doppler time, seconds after the first line."""
    ranges_m: Values
    """Slant range."""
    incidence_deg: Values
    """Angle between the line of sight and the normal of the ellipsoid."""
    on_the_right: NDArray[np.bool_]
    """Whether the place lies to the right of the track, where the antenna looks."""


def see(orbit: Orbit, places_m: Values, normals: Values, start_s: float) -> Seen:
    """Solve for places on the ground.

    Args:
        orbit: of the satellite.
        places_m: shape (..., 3), ECEF.
        normals: of the ellipsoid at the places, shape (..., 3), of length 1.
        start_s: a time near the image, at which the search begins.
    """
    times = np.full(places_m.shape[:-1], start_s)
    for _ in range(_STEPS):
        position, velocity, acceleration = orbit.at(times)
        sight = places_m - position
        miss = (sight * velocity).sum(-1)
        step = miss / ((sight * acceleration).sum(-1) - (velocity * velocity).sum(-1))
        times = times - step
        if np.abs(step).max(initial=0) < _CLOSE_S:
            break
    position, velocity, _ = orbit.at(times)
    sight = places_m - position
    ranges = np.sqrt((sight * sight).sum(-1))
    cosine = -(sight * normals).sum(-1) / ranges
    right = (sight * np.cross(velocity, position)).sum(-1) > 0
    return Seen(times, ranges, np.degrees(np.arccos(np.clip(cosine, -1, 1))), right)


def ground_range_m(conversion: GroundRange, times_s: Values, ranges_m: Values) -> Values:
    """Ground range of slant ranges, linear between the two polynomials around each time, constant beyond them.

    ESA's geolocation grid takes the nearest polynomial; an image in which that was so would have steps of up to six
    pixels, once a second.
    """
    count = len(conversion.times_s)
    place = np.interp(times_s, conversion.times_s, np.arange(count, dtype=np.float64))
    before = np.minimum(place.astype(np.intp), max(count - 2, 0))
    after = np.minimum(before + 1, count - 1)
    near, far = (_polynomial(conversion, which, ranges_m) for which in (before, after))
    ground: Values = near + (place - before) * (far - near)
    return ground


def _polynomial(conversion: GroundRange, which: NDArray[np.intp], ranges_m: Values) -> Values:
    coefficients = np.moveaxis(conversion.coefficients[which], -1, 0)
    return np.asarray(polyval(ranges_m - conversion.origins_m[which], coefficients, tensor=False), np.float64)


def image_place(annotation: Annotation, seen: Seen) -> tuple[Values, Values]:
    """Line and pixel of the image at which places were seen; they may lie outside of it."""
    lines = seen.times_s / annotation.line_interval_s
    ground = ground_range_m(annotation.ground_range, seen.times_s, seen.ranges_m)
    return lines, ground / annotation.pixel_spacing_m
