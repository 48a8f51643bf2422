"""Aerosol from dark dense vegetation: its red and blue follow the short-wave infrared, which haze hardly touches.

How red and blue follow B12 was measured on 12 published reBEN patches (tile T33UUP, 13 June 2017, corrected by sen2cor
2.11; pixels of 60 m with a vegetation index over 0.55 and B12 between 0.01 and 0.12): 0.42 and 0.33, medians of the
patches' ratios, which range from 0.31 to 0.47 and from 0.28 to 0.42. (Kaufman et al., IEEE TGRS 35, 1997, found 0.5 and
0.25 for 0.66, 0.47 and 2.1 micrometres; Sentinel-2's blue is at 0.49, its infrared at 2.2 micrometres.) What red and
blue show beyond that is the haze.

The ratios scatter by some 0.004 of reflectance from patch to patch, which is an optical thickness of about 0.1 to 0.15:
the least certain part of the correction. A cell is believed only if there is an optical thickness within the tables
that explains its red, and one that explains its blue, and both are about the same; otherwise its ground is not what it
was taken for. One value is found for the whole tile: the median over the cells that are believed. There must be at
least four, and no fewer than cells that are too bright for the haziest air in the tables: else the air may be hazier
than that. (Where the air is clear, cells whose ground is a little darker than assumed are not believed: 0.02 is found
as 0.04.)
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reben.correct.sixs.overview import Overview
from reben.correct.sixs.tables import Air, Directions, Tables, Values

SHARES = {"B02": 0.33, "B04": 0.42}
"""Reflectance of dark dense vegetation, relative to that in B12."""
FEWEST_CELLS = 4
"""That a property of the atmosphere is read from."""
_FEWEST_PX = 20
_CANDIDATES = 17
_LARGEST_DISAGREEMENT = 0.2
"""Between the optical thickness that explains red and that which explains blue: what the ratios' scatter makes."""
_DEFAULT = 0.2
"""Where nothing else is known: about the mean over all land (0.19: Remer et al., JGR 113, 2008), and what sen2cor
starts from (a visibility of 40 km). European land has 0.12 on average (Kinne et al., JAMES 5, 2013)."""


@dataclass(frozen=True, slots=True)
class Retrieval:
    """A property of the atmosphere, and where it comes from."""

    value: float
    source: str
    cells: int
    """Cells of the tile that it was, or could have been, read from."""
    fallback: bool
    """Whether it was not read from the image."""
    reason: str = ""
    """Why it is a fallback."""


def find_aerosol(
    overview: Overview, tables: Tables, directions: Directions, air: Air, *, forecast: float | None
) -> Retrieval:
    """Aerosol optical thickness at 550 nm of the whole tile.

    Args:
        overview: what was seen.
        tables: of the satellite.
        directions: at all nodes, for B04.
        air: with the best guess of all that is not looked for.
        forecast: to fall back on where there is no dark vegetation, or none that is believed.
    """
    dark = overview.counts["dark vegetation"] >= _FEWEST_PX
    candidates = np.linspace(0, tables.largest_aot, _CANDIDATES)
    excess = _excess(overview, tables, directions, air, dark, candidates)
    by_blue, by_red = (root_of_falling(excess[band], candidates) for band in SHARES)
    explained = np.isfinite(by_blue) & np.isfinite(by_red)
    believed = explained & (np.abs(by_blue - by_red) <= _LARGEST_DISAGREEMENT)
    cells, beyond = int(believed.sum()), np.maximum(*(excess[band][-1] for band in SHARES)) >= 0
    if cells < max(FEWEST_CELLS, beyond.sum()):
        reason = (
            f"dark vegetation in {dark.sum()} cells: {beyond.sum()} too bright for the haziest air in the tables, "
            f"{(~explained & ~beyond).sum()} too dark for any, {(explained & ~believed).sum()} with another haze in "
            f"blue than in red, {cells} believed"
        )
        return assumed_aerosol(forecast, tables, cells=cells, reason=reason)
    both = root_of_falling(excess["B02"] + excess["B04"], candidates)  # the better determined of the two weighs more
    return Retrieval(float(np.median(both[believed])), "dark vegetation", cells, fallback=False)


def assumed_aerosol(forecast: float | None, tables: Tables, *, cells: int = 0, reason: str = "") -> Retrieval:
    """What is taken where nothing can be read from the image: the forecast in the product, else a default."""
    if forecast is None:
        return Retrieval(_DEFAULT, "default", cells, fallback=True, reason=reason)
    source, value = "forecast in the product", forecast
    if forecast > tables.largest_aot:
        source, value = f"{source}, {forecast:.2f}, cut to the end of the tables", tables.largest_aot
    return Retrieval(value, source, cells, fallback=True, reason=reason)


def _excess(  # noqa: PLR0917 - all are needed
    overview: Overview, tables: Tables, directions: Directions, air: Air, dark: NDArray[np.bool_], candidates: Values
) -> dict[str, Values]:
    """By how much blue and red are brighter than they should be with each optical thickness, (candidates, cells)."""
    places = directions.at(dark)
    seen = {band: overview.mean("dark vegetation", band)[dark] for band in (*SHARES, "B12")}
    pressure, water = (np.broadcast_to(np.asarray(v), dark.shape)[dark] for v in (air.pressure_hpa, air.water_g_cm2))
    excess: dict[str, list[Values]] = {band: [] for band in SHARES}
    for aot in candidates:
        here = replace(air, aot=aot, pressure_hpa=pressure, water_g_cm2=water)
        ground = {band: tables.effect(band, places, here).surface(values) for band, values in seen.items()}
        for band, share in SHARES.items():
            excess[band].append(ground[band] - share * ground["B12"])
    return {band: np.stack(values) for band, values in excess.items()}


def root_of_falling(values: Values, at: Values) -> Values:
    """Where functions that fall become 0, by straight lines between candidates; NaN if they do not between the ends.

    Args:
        values: of the functions, shape (candidates, functions).
        at: the candidates, shape (candidates,).

    >>> root_of_falling(np.array([[2.0, -1.0, 3.0], [1.0, -2.0, 2.0], [-1.0, -3.0, 1.0]]), np.array([0.0, 1.0, 2.0]))
    array([1.5, nan, nan])
    """
    crosses = (values[0] > 0) & (values < 0).any(axis=0)
    below = (values < 0).argmax(axis=0).clip(1)
    columns = np.arange(values.shape[1])
    before, after = values[below - 1, columns], values[below, columns]
    share = before / np.where(crosses, before - after, 1)
    root: Values = np.where(crosses, at[below - 1] + share * (at[below] - at[below - 1]), np.nan)
    return root
