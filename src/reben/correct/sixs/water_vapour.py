"""Water vapour from two bands: B09 lies in an absorption band, B8A beside it sees nearly the same ground.

The column of a cell is the one with which B8A, corrected and seen again through B09, gives what B09 saw: the idea of
the atmospheric pre-corrected differential absorption (Schläpfer et al., Remote Sensing of Environment 65, 1998).
"""

from dataclasses import replace

import numpy as np

from reben.correct.sixs.aerosol import FEWEST_CELLS, Retrieval, root_of_falling
from reben.correct.sixs.overview import Overview
from reben.correct.sixs.tables import Air, Directions, Tables, Values

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
        forecast_g_cm2: to fall back on where there is no clear land, or none that fits an amount within the tables.
    """
    count = overview.counts["land"]
    near, absorbed = (overview.mean("land", band) for band in ("B8A", "B09"))
    usable = (count >= _FEWEST_PX) & (near > _DARKEST)
    places = directions.at(usable)
    pressure = np.broadcast_to(np.asarray(air.pressure_hpa), count.shape)[usable]
    too_bright = []
    for candidate in _CANDIDATES_G_CM2:
        here = replace(air, water_g_cm2=candidate, pressure_hpa=pressure)
        ground = tables.effect("B8A", places, here).surface(near[usable])
        too_bright.append(tables.effect("B09", places, here).seen(ground) - absorbed[usable])
    columns = root_of_falling(np.stack(too_bright), _CANDIDATES_G_CM2)
    found = columns[np.isfinite(columns)]
    beyond = int((too_bright[-1] >= 0).sum())
    if found.size < max(FEWEST_CELLS, beyond):
        reason = (
            f"clear land in {columns.size} cells: {beyond} too dark in B09 for the most vapour in the tables, "
            f"{columns.size - found.size - beyond} too bright for any, {found.size} left"
        )
        assumed = _assumed(forecast_g_cm2, found.size, reason)
        return np.full(count.shape, assumed.value), assumed
    middle = float(np.median(found))
    everywhere = np.full(count.shape, middle)
    everywhere[usable] = np.where(np.isfinite(columns), columns, middle)
    return _smoothed(everywhere), Retrieval(middle, "B09 against B8A", found.size, fallback=False)


def _assumed(forecast_g_cm2: float | None, cells: int, reason: str) -> Retrieval:
    """The forecast in the product, else a standard."""
    value, source = _STANDARD_G_CM2, "standard atmosphere"
    if forecast_g_cm2 is not None:
        value, source = forecast_g_cm2, "forecast in the product"
    return Retrieval(value, source, cells, fallback=True, reason=reason)


def _smoothed(values: Values) -> Values:
    """Means over squares, cut off at the border."""
    reach = _SMOOTHING // 2
    padded = np.pad(values, reach, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (_SMOOTHING, _SMOOTHING))
    smooth: Values = windows.mean(axis=(2, 3))
    return smooth
