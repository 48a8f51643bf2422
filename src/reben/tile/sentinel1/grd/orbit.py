"""The orbit between its state vectors: position, velocity and acceleration at any time of an image."""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray

from reben.core.errors import ProductError
from reben.io.safe.grd.annotation import StateVectors

Vectors = NDArray[np.float64]
_DEGREE = 8
"""Of the polynomials: those through real state vectors leave 6 micrometres at most."""
_LARGEST_RESIDUAL_M = 0.1
"""Real vectors are met a thousand times better: others are damaged."""


@dataclass(frozen=True, slots=True)
class Orbit:
    """Polynomials of time, one per axis; Earth-fixed."""

    position: tuple[Chebyshev, ...]
    velocity: tuple[Chebyshev, ...]
    acceleration: tuple[Chebyshev, ...]

    def at(self, times_s: NDArray[np.float64]) -> tuple[Vectors, Vectors, Vectors]:
        """Position in m, velocity in m/s and acceleration in m/s².

        Args:
            times_s: any shape, seconds after the first line of the image.

        Returns:
            each of that shape and 3.
        """
        position, velocity, acceleration = (
            np.stack([axis(times_s) for axis in axes], -1) for axes in (self.position, self.velocity, self.acceleration)
        )
        return position, velocity, acceleration


def fit_orbit(vectors: StateVectors, where: str) -> Orbit:
    """The orbit through state vectors.

    Args:
        vectors: around the time of the image.
        where: they are from, for messages.

    Raises:
        ProductError: if they do not lie on one orbit.
    """
    degree = min(_DEGREE, len(vectors.times_s) - 2)
    axes = tuple(Chebyshev.fit(vectors.times_s, axis, degree) for axis in vectors.positions_m.T)
    residual_m = max(
        float(np.abs(fit(vectors.times_s) - axis).max()) for fit, axis in zip(axes, vectors.positions_m.T, strict=True)
    )
    if not residual_m <= _LARGEST_RESIDUAL_M:
        raise ProductError(
            f"{where}: state vectors leave the orbit through them by {residual_m:.3g} m; expected "
            f"{_LARGEST_RESIDUAL_M:g} m at most",
            hint="download the product or the orbit file again",
        )
    return Orbit(axes, tuple(axis.deriv() for axis in axes), tuple(axis.deriv(2) for axis in axes))
