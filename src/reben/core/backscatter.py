"""Backscatter of Sentinel-1: the range that it can have in decibels, and what stands for no backscatter at all.

Sources: ESA, Sentinel-1 Product Specification (sigma nought is DN squared by the square of a calibration factor, DN has
16 bits); annotated calibration factors of IW GRD products, 558 to 664; SNAP, operator ThermalNoiseRemoval, which gives
pixels below the noise a DN squared of 0.0123.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Unit(StrEnum):
    """Unit of backscatter in a raster."""

    db = "db"
    linear = "linear"


LOWEST_DB = -90.0
"""What SNAP leaves of pixels below the noise has -74 to -76 dB, which published patches hold; 14 dB of margin."""
HIGHEST_DB = 50.0
"""The largest DN, 65,535, has 41.4 dB; the margin is for terrain normalisation."""

BELOW_NOISE = 0.0123
"""Square of a digital number that pixels weaker than the thermal noise are given: a value, although next to nothing."""

FILL_VALUES: tuple[float, ...] = (
    -99,
    -100,
    -999,
    -9999,
    -99999,
    -32767,
    -32768,
    9999,
    32767,
    65535,
    1e20,
    *(sign * limit for sign in (-1, 1) for limit in (float(np.finfo(np.float32).max), 3.4e38)),
)
"""Values that processors write where they have none; outside of the plausible range they are taken for that."""


def implausible_value(pixels: NDArray[np.floating]) -> float | None:
    """One of the pixels that cannot be backscatter in dB, NaN and infinity among them; None if all can be.

    >>> implausible_value(np.float32([-12, -9999, 3]))
    -9999.0
    >>> implausible_value(np.float32([-12, 3])) is None
    True
    """
    lowest, highest = float(pixels.min()), float(pixels.max())  # NaN if one is NaN
    if lowest >= LOWEST_DB and highest <= HIGHEST_DB:
        return None
    return lowest if not lowest >= LOWEST_DB else highest


def implausibility(pixels: NDArray[np.floating]) -> str | None:
    """What is wrong with pixels that should be backscatter in dB, to follow their name; None if nothing is.

    >>> implausibility(np.float32([-12, -9999, 3]))
    'has a value of -9999; expected backscatter between -90 and 50 dB'
    """
    wrong = implausible_value(pixels)
    if wrong is None:
        return None
    return f"has a value of {wrong:.6g}; expected backscatter between {LOWEST_DB:.0f} and {HIGHEST_DB:.0f} dB"


def decibels(power: NDArray[np.floating]) -> NDArray[np.float32]:
    """Linear power in dB, NaN where it is not above the lowest plausible value."""
    known = np.where(power > 10 ** (LOWEST_DB / 10), power, np.nan)
    converted: NDArray[np.float32] = (10 * np.log10(known)).astype(np.float32)
    return converted
