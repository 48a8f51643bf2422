"""Aerosol from dark dense vegetation: its red and blue follow the short-wave infrared, which haze hardly touches.

Red is taken as half, blue as a quarter of B12, as Kaufman et al. (IEEE TGRS 35, 1997) found for 0.66, 0.47 and
2.1 micrometres; what red and blue show beyond that is the haze. One value is found for the whole tile: the median over
its cells. The relation scatters by some 0.01 of reflectance from place to place, which is an aerosol optical thickness
of about 0.05 to 0.1: the least certain part of the correction.
"""

from dataclasses import dataclass, replace

import numpy as np

from reben.correct.overview import Overview
from reben.correct.tables import Air, Directions, Tables, Values

_RED_SHARE, _BLUE_SHARE = 0.5, 0.25
_FEWEST_PX = 20
_FEWEST_CELLS = 4
_CANDIDATES = 17
_DEFAULT = 0.12
"""Where nothing else is known: about the mean over European land (Kinne et al., JAMES 5, 2013)."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """A property of the atmosphere, and where it comes from."""

    value: float
    source: str
    cells: int
    """Cells of the tile that it was read from."""
    fallback: bool
    """Whether it was not read from the image."""


def find_aerosol(
    overview: Overview, tables: Tables, directions: Directions, air: Air, *, forecast: float | None
) -> Retrieval:
    """Aerosol optical thickness at 550 nm of the whole tile.

    Args:
        overview: what was seen.
        tables: of the satellite.
        directions: at all nodes, for B04.
        air: with the best guess of all that is not looked for.
        forecast: to fall back on where there is no dark vegetation.
    """
    usable = overview.counts["dark vegetation"] >= _FEWEST_PX
    cells = int(usable.sum())
    if cells < _FEWEST_CELLS:
        if forecast is not None:
            return Retrieval(min(forecast, tables.largest_aot), "forecast in the product", cells, fallback=True)
        return Retrieval(_DEFAULT, "default", cells, fallback=True)
    places = directions.at(usable)
    seen = {band: overview.mean("dark vegetation", band)[usable] for band in ("B02", "B04", "B12")}
    pressure, water = (
        np.broadcast_to(np.asarray(v), usable.shape)[usable] for v in (air.pressure_hpa, air.water_g_cm2)
    )
    candidates = np.linspace(0, tables.largest_aot, _CANDIDATES)
    excess = []
    for aot in candidates:
        here = replace(air, aot=aot, pressure_hpa=pressure, water_g_cm2=water)
        blue, red, infrared = (tables.effect(band, places, here).surface(seen[band]) for band in seen)
        excess.append(blue + red - (_BLUE_SHARE + _RED_SHARE) * infrared)
    value = float(np.median(root_of_falling(np.stack(excess), candidates)))
    return Retrieval(value, "dark vegetation", cells, fallback=False)


def root_of_falling(values: Values, at: Values) -> Values:
    """Where functions that fall become 0, by straight lines between candidates; the nearer end if they never do.

    Args:
        values: of the functions, shape (candidates, functions).
        at: the candidates, shape (candidates,).

    >>> root_of_falling(np.array([[2.0, -1.0], [1.0, -2.0], [-1.0, -3.0]]), np.array([0.0, 1.0, 2.0]))
    array([1.5, 0. ])
    """
    below = (values < 0).argmax(axis=0)
    below = np.where((values >= 0).all(axis=0), len(at) - 1, below).clip(1)
    columns = np.arange(values.shape[1])
    before, after = values[below - 1, columns], values[below, columns]
    share = before / np.where(before == after, 1, before - after)
    root: Values = at[below - 1] + share.clip(0, 1) * (at[below] - at[below - 1])
    return root
