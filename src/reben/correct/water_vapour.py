"""Water vapour from two bands: B09 lies in an absorption band, B8A beside it sees nearly the same ground.

The column of a cell is the one with which B8A, corrected and seen again through B09, gives what B09 saw: the idea of
the atmospheric pre-corrected differential absorption (Schläpfer et al., Remote Sensing of Environment 65, 1998).
"""

from dataclasses import replace

import numpy as np

from reben.correct.aerosol import Retrieval, root_of_falling
from reben.correct.overview import Overview
from reben.correct.tables import Air, Directions, Tables, Values

_STANDARD_G_CM2 = 1.42
"""Of the US Standard Atmosphere 1962."""
_CANDIDATES_G_CM2 = np.linspace(0.2, 2.7, 26) ** 2
_DARKEST = 0.1
"""Reflectance of B8A below which noise and haze would decide."""
_FEWEST_PX = 50
_SMOOTHING = 5
"""Nodes along a side of the square over which columns are averaged."""


def find_water_vapour(
    overview: Overview, tables: Tables, directions: Directions, air: Air, *, forecast_g_cm2: float | None
) -> tuple[Values, Retrieval]:
    """Column of water vapour (g/cm2) at all nodes, and how it was found.

    Args:
        overview: what was seen.
        tables: of the satellite.
        directions: at all nodes, for B8A.
        air: with the best guess of all that is not looked for.
        forecast_g_cm2: to fall back on where there is no clear land.
    """
    count = overview.counts["land"]
    near, absorbed = (overview.mean("land", band) for band in ("B8A", "B09"))
    usable = (count >= _FEWEST_PX) & (near > _DARKEST)
    if not usable.any():
        value, source = _STANDARD_G_CM2, "standard atmosphere"
        if forecast_g_cm2 is not None:
            value, source = forecast_g_cm2, "forecast in the product"
        return np.full(count.shape, value), Retrieval(value, source, 0, fallback=True)
    places = directions.at(usable)
    pressure = np.broadcast_to(np.asarray(air.pressure_hpa), count.shape)[usable]
    too_bright = []
    for candidate in _CANDIDATES_G_CM2:
        here = replace(air, water_g_cm2=candidate, pressure_hpa=pressure)
        ground = tables.effect("B8A", places, here).surface(near[usable])
        too_bright.append(tables.effect("B09", places, here).seen(ground) - absorbed[usable])
    columns = root_of_falling(np.stack(too_bright), _CANDIDATES_G_CM2)
    middle = float(np.median(columns))
    everywhere = np.full(count.shape, middle)
    everywhere[usable] = columns
    return _smoothed(everywhere), Retrieval(middle, "B09 against B8A", int(usable.sum()), fallback=False)


def _smoothed(values: Values) -> Values:
    """Means over squares, cut off at the border."""
    reach = _SMOOTHING // 2
    padded = np.pad(values, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (_SMOOTHING, _SMOOTHING))
    smooth: Values = windows.mean(axis=(2, 3))
    return smooth
