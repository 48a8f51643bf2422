"""A simple scene classification at 20 m, with the codes of ESA's: thresholds on reflectance above the atmosphere.

It is made to find ground from which the atmosphere can be read, and to mark what no one should train on. It is not
ESA's algorithm: it has no probabilities, no maps of other sources, and knows no code 7 (unclassified). Thin clouds,
their edges and the shadows of clouds outside the tile are missed; bright roofs and wet snow may be taken for cloud.

Sources: codes: ESA, Sentinel-2 Products Specification Document, "Scene_Classification". Indices: NDVI (Rouse et al.,
1974), NDWI (McFeeters, 1996), NDSI (Hall et al., 1995). Cirrus: Gao et al. (1993). Thresholds are our own.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import MSI_RESOLUTIONS_M
from reben.correct.sixs.inversion import NODATA, SATURATED, Float, Scale

LOOKED_AT = ("B02", "B03", "B04", "B8A", "B10", "B11", "B12")
"""Bands that decide."""

RESOLUTION_M = 20
_OVERVIEW_PX = 3  # 20 m pixels in one of 60 m
_ROWS = 60
"""Of a strip: a multiple of the overview's pixels."""
_CLOUD_HEIGHTS_M = (300, 6_000)
_SHADOW_STEP_M = 240

Classes = NDArray[np.uint8]


class SceneClass(IntEnum):
    """Codes of ESA's scene classification that we give."""

    NODATA = 0
    SATURATED = 1
    DARK = 2
    CLOUD_SHADOW = 3
    VEGETATION = 4
    BARE = 5
    WATER = 6
    CLOUD_MEDIUM = 8
    CLOUD_HIGH = 9
    CIRRUS = 10
    SNOW = 11


def classify(
    bands: Mapping[str, NDArray[np.uint16]],
    scales: Mapping[str, Scale],
    *,
    sun_zenith_rad: float,
    sun_azimuth_rad: float,
    threads: int = 1,
) -> Classes:
    """Class of each 20 m pixel.

    Args:
        bands: digital numbers of L1C at native resolution, of all that is `LOOKED_AT`.
        scales: of these.
        sun_zenith_rad: mean over the tile.
        sun_azimuth_rad: the same, from north over east.
        threads: that work on strips.
    """
    side = len(bands["B11"])
    classes = np.zeros((side, side), np.uint8)

    def run(top: int) -> None:
        rows = slice(top, min(top + _ROWS, side))
        classes[rows] = _classify_strip(bands, scales, rows)

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(run, range(0, side, _ROWS)):
            pass
    _mark_shadows(classes, sun_zenith_rad, sun_azimuth_rad)
    return classes


def consists_of(classes: Classes, *codes: SceneClass) -> NDArray[np.bool_]:
    """Which 60 m pixels have no other class than these, shape (side / 3, side / 3)."""
    wanted = np.zeros(256, np.bool_)
    wanted[list(codes)] = True
    fine = wanted[classes]
    coarse = fine[::_OVERVIEW_PX, ::_OVERVIEW_PX].copy()
    for down in range(_OVERVIEW_PX):
        for right in range(_OVERVIEW_PX):
            coarse &= fine[down::_OVERVIEW_PX, right::_OVERVIEW_PX]
    return coarse


def shares(classes: Classes) -> dict[str, float]:
    """Share of each class among all pixels, by its name."""
    counts = np.bincount(classes.ravel(), minlength=len(SceneClass) + 1)
    return {code.name.lower(): float(counts[code] / classes.size) for code in SceneClass}


def _classify_strip(bands: Mapping[str, NDArray[np.uint16]], scales: Mapping[str, Scale], rows: slice) -> Classes:
    """Classes of some rows, without shadows; what comes later below overrules what comes earlier."""
    numbers = {band: _at_20_m(band, bands[band], rows) for band in LOOKED_AT}
    seen = {band: scales[band].reflectance(values) for band, values in numbers.items()}
    blue, green, red, near, short, shorter = (seen[band] for band in ("B02", "B03", "B04", "B8A", "B11", "B12"))
    ndvi, ndwi, ndsi = _index(near, red), _index(green, near), _index(green, short)
    classes = np.full(blue.shape, SceneClass.BARE, np.uint8)
    classes[ndvi > 0.35] = SceneClass.VEGETATION  # noqa: PLR2004 - thresholds stand where they are used
    dark = (near < 0.11) & (short < 0.09) & (shorter < 0.07)  # noqa: PLR2004
    classes[dark & (ndvi < 0.35)] = SceneClass.DARK  # noqa: PLR2004
    classes[(ndwi > 0) & (near < 0.2) & (short < 0.12)] = SceneClass.WATER  # noqa: PLR2004
    classes[seen["B10"] > 0.012] = SceneClass.CIRRUS  # noqa: PLR2004
    white = (blue > 0.85 * red) & (ndvi < 0.25) & (short > 0.12)  # noqa: PLR2004
    classes[white & (blue > 0.27)] = SceneClass.CLOUD_MEDIUM  # noqa: PLR2004
    classes[white & (blue > 0.38)] = SceneClass.CLOUD_HIGH  # noqa: PLR2004
    classes[(ndsi > 0.42) & (near > 0.2) & (green > 0.25)] = SceneClass.SNOW  # noqa: PLR2004
    classes[np.logical_or.reduce([values >= SATURATED for values in numbers.values()])] = SceneClass.SATURATED
    classes[np.logical_or.reduce([values == NODATA for values in numbers.values()])] = SceneClass.NODATA
    return classes


def _at_20_m(band: str, pixels: NDArray[np.uint16], rows: slice) -> Float:
    """Digital numbers of some 20 m rows of a band; finer pixels are averaged, unless one of them is special."""
    resolution_m = MSI_RESOLUTIONS_M[band]
    if resolution_m > RESOLUTION_M:
        factor = resolution_m // RESOLUTION_M
        coarse = pixels[rows.start // factor : -(-rows.stop // factor)].astype(np.float32)
        return coarse.repeat(factor, axis=0).repeat(factor, axis=1)
    factor = RESOLUTION_M // resolution_m
    strip = pixels[rows.start * factor : rows.stop * factor]
    parts = [strip[down::factor, right::factor] for down in range(factor) for right in range(factor)]
    values: Float = np.mean(parts, axis=0, dtype=np.float32)
    if factor > 1:
        values[np.minimum.reduce(parts) == NODATA] = NODATA
        values[np.maximum.reduce(parts) == SATURATED] = SATURATED
    return values


def _index(a: Float, b: Float) -> Float:
    """Normalised difference; 0 where both are dark."""
    total = a + b
    index: Float = np.divide(a - b, total, out=np.zeros_like(total), where=np.abs(total) > 1e-4)  # noqa: PLR2004
    return index


def _mark_shadows(classes: Classes, sun_zenith_rad: float, sun_azimuth_rad: float) -> None:
    """Dark ground becomes cloud shadow where a cloud between 300 m and 6 km up may stand before the sun."""
    fine = (classes == SceneClass.CLOUD_HIGH) | (classes == SceneClass.CLOUD_MEDIUM)
    clouds = np.logical_or.reduce(
        [fine[d::_OVERVIEW_PX, r::_OVERVIEW_PX] for d in range(_OVERVIEW_PX) for r in range(_OVERVIEW_PX)]
    )
    if not clouds.any():
        return
    pixel_m = RESOLUTION_M * _OVERVIEW_PX
    shaded = np.zeros_like(clouds)
    reach_m = [height * np.tan(sun_zenith_rad) for height in _CLOUD_HEIGHTS_M]
    for distance_m in np.arange(reach_m[0], reach_m[1] + _SHADOW_STEP_M, _SHADOW_STEP_M):
        down = round(distance_m * np.cos(sun_azimuth_rad) / pixel_m)
        right = round(-distance_m * np.sin(sun_azimuth_rad) / pixel_m)
        _or_shifted(shaded, clouds, down, right)
    for down, right in ((0, 2), (2, 0), (0, -2), (-2, 0)):  # to close the gaps between steps
        _or_shifted(shaded, shaded.copy(), down, right)
    whole = shaded.repeat(_OVERVIEW_PX, axis=0).repeat(_OVERVIEW_PX, axis=1)
    classes[whole & ((classes == SceneClass.DARK) | (classes == SceneClass.WATER))] = SceneClass.CLOUD_SHADOW


def _or_shifted(target: NDArray[np.bool_], source: NDArray[np.bool_], down: int, right: int) -> None:
    """Add `source`, moved by so many pixels, to `target`."""
    side = len(target)
    if max(abs(down), abs(right)) < side:
        target[max(down, 0) : side + min(down, 0), max(right, 0) : side + min(right, 0)] |= source[
            max(-down, 0) : side + min(-down, 0), max(-right, 0) : side + min(-right, 0)
        ]
