"""Coastlines and borders for the page: rings of longitude and latitude."""

import json

import numpy as np
import shapely

from reben.rules.country import embedded_countries

_DECIMALS = 2
"""Of degrees, about a kilometre: the outlines are made for the scale 1:50 million or coarser."""


def outlines_json() -> str:
    """All rings as JSON: a list of lists of longitude, latitude, longitude, latitude, ..., in degrees."""
    rings = shapely.get_rings(shapely.get_parts(embedded_countries().outlines))
    lines = [_flat(shapely.get_coordinates(ring)) for ring in rings]
    return json.dumps([line for line in lines if line], separators=(",", ":"))


def _flat(corners: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> list[float]:
    """Rounded corners without those that fall together."""
    rounded = corners.round(_DECIMALS)
    kept = np.ones(len(rounded), np.bool_)
    kept[1:] = (rounded[1:] != rounded[:-1]).any(axis=1)
    flat: list[float] = rounded[kept].ravel().tolist()
    return flat
