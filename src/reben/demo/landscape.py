"""A synthetic landscape: land cover, Sentinel-2 reflectance and Sentinel-1 backscatter of any patch, always the same.

Nothing here was observed. Regions of one character (towns, fields, forest, uplands, coast) hold parcels of one
land-cover code each, and a code is a mosaic of a few materials whose spectra are rough textbook shapes. A model can
learn it because images depend on land cover, not because the images are real.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import BANDS, IMAGE_RESOLUTION_M, S1_BANDS, S2_BANDS

_PARCEL_PX = 80
_REGION_PX = 480
_SPECKLE_LOOKS = 5  # of the gamma-distributed speckle
_REFLECTANCE_NOISE = 0.06  # relative

Uniform = NDArray[np.float64]
"""Random numbers from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Material:
    """What the ground is made of: reflectance times 10,000 of the Sentinel-2 bands, backscatter in dB of VV and VH."""

    reflectance: tuple[int, ...]
    backscatter_db: tuple[float, float]


# Reflectance in the order of S2_BANDS: B01 B02 B03 B04 B05 B06 B07 B08 B8A B09 B11 B12
_WATER = Material((420, 380, 330, 230, 190, 160, 150, 130, 120, 110, 70, 50), (-20.0, -27.0))
_SEA = Material((700, 620, 430, 240, 170, 130, 120, 100, 90, 80, 50, 40), (-15.5, -25.5))
_LEAVES = Material((250, 260, 520, 260, 820, 2500, 3200, 3500, 3650, 3700, 1700, 800), (-9.0, -14.5))
_NEEDLES = Material((200, 210, 350, 220, 520, 1400, 1700, 1900, 2000, 2100, 900, 420), (-10.5, -16.0))
_MEADOW = Material((350, 420, 780, 500, 1250, 2900, 3500, 3800, 3900, 4000, 2300, 1250), (-12.5, -19.5))
_CROP = Material((400, 480, 820, 700, 1300, 2300, 2700, 2900, 3050, 3100, 2600, 1700), (-11.5, -18.0))
_STRAW = Material((500, 660, 980, 1150, 1550, 2000, 2300, 2500, 2700, 2800, 3100, 2200), (-13.5, -21.0))
_SOIL = Material((600, 800, 1100, 1450, 1700, 1900, 2100, 2300, 2500, 2600, 3300, 2800), (-11.0, -20.5))
_ROOFS = Material((1000, 1150, 1350, 1550, 1700, 1800, 1900, 2000, 2100, 2150, 2400, 2200), (-4.0, -12.0))
_CONCRETE = Material((1700, 1900, 2100, 2250, 2350, 2400, 2450, 2500, 2550, 2600, 2700, 2600), (-2.0, -10.5))
_SAND = Material((1600, 2000, 2600, 3000, 3200, 3300, 3400, 3500, 3600, 3650, 4300, 3900), (-17.5, -25.0))
_HEATH = Material((380, 420, 580, 640, 900, 1350, 1500, 1650, 1800, 1850, 1900, 1300), (-12.0, -17.5))
_REED = Material((300, 330, 520, 450, 750, 1300, 1500, 1650, 1700, 1650, 1000, 550), (-8.0, -17.0))


@dataclass(frozen=True, slots=True)
class Cover:
    """How a land-cover code looks: blocks of materials, drawn with the given shares."""

    block_px: int
    mosaic: tuple[tuple[Material, float], ...]


COVERS: dict[int, Cover] = {
    111: Cover(2, ((_ROOFS, 0.85), (_LEAVES, 0.15))),
    112: Cover(4, ((_ROOFS, 0.5), (_MEADOW, 0.3), (_LEAVES, 0.2))),
    121: Cover(10, ((_CONCRETE, 0.8), (_SOIL, 0.2))),
    131: Cover(12, ((_SOIL, 0.5), (_CONCRETE, 0.5))),
    142: Cover(15, ((_MEADOW, 0.8), (_ROOFS, 0.2))),
    211: Cover(30, ((_CROP, 0.55), (_SOIL, 0.45))),
    221: Cover(3, ((_LEAVES, 0.35), (_SOIL, 0.65))),
    231: Cover(40, ((_MEADOW, 1.0),)),
    242: Cover(8, ((_CROP, 0.35), (_SOIL, 0.25), (_MEADOW, 0.25), (_STRAW, 0.15))),
    243: Cover(14, ((_CROP, 0.5), (_LEAVES, 0.3), (_HEATH, 0.2))),
    244: Cover(3, ((_STRAW, 0.75), (_LEAVES, 0.25))),
    311: Cover(2, ((_LEAVES, 0.95), (_NEEDLES, 0.05))),
    312: Cover(2, ((_NEEDLES, 0.95), (_LEAVES, 0.05))),
    313: Cover(5, ((_NEEDLES, 0.5), (_LEAVES, 0.5))),
    321: Cover(20, ((_STRAW, 0.9), (_SOIL, 0.1))),
    322: Cover(6, ((_HEATH, 0.9), (_STRAW, 0.1))),
    324: Cover(5, ((_LEAVES, 0.4), (_HEATH, 0.3), (_STRAW, 0.3))),
    331: Cover(25, ((_SAND, 1.0),)),
    332: Cover(6, ((_SOIL, 0.4), (_CONCRETE, 0.6))),
    411: Cover(5, ((_REED, 0.7), (_WATER, 0.3))),
    421: Cover(8, ((_REED, 0.4), (_SAND, 0.3), (_SEA, 0.3))),
    512: Cover(40, ((_WATER, 1.0),)),
    523: Cover(60, ((_SEA, 1.0),)),
}
"""Appearance of every code that occurs; 131, 142 and 332 belong to no class."""

_REGIONS: tuple[tuple[int, ...], ...] = (
    (111, 112, 112, 121, 121, 142, 231, 512),
    (211, 211, 231, 242, 242, 243, 243, 112),
    (221, 221, 244, 244, 243, 211, 321, 131),
    (311, 311, 312, 312, 313, 313, 324, 512),
    (321, 321, 322, 322, 324, 312, 411, 332),
    (523, 523, 331, 331, 421, 421, 411, 411),
)
"""Codes of the parcels of each kind of region."""


def land_cover(left_px: int, top_px: int, side_px: int) -> NDArray[np.uint16]:
    """Land-cover codes of a square of 10 m pixels, shape (side, side).

    Args:
        left_px: first column, from the west of the landscape.
        top_px: first row, from the north.
        side_px: pixels along a side.
    """
    rows, columns = _pixels(left_px, top_px, side_px)
    region = _nearest_cell(rows, columns, _REGION_PX, salt=1)
    kind = (_random(*region, salt=2) * len(_REGIONS)).astype(int)
    parcel = _nearest_cell(rows, columns, _PARCEL_PX, salt=3)
    codes = np.array(_REGIONS, np.uint16)
    chosen: NDArray[np.uint16] = codes[kind, (_random(*parcel, salt=4) * codes.shape[1]).astype(int)]
    return chosen


def appearance(codes: NDArray[np.uint16], left_px: int, top_px: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """All bands of a square at 10 m: reflectance times 10,000, and backscatter in dB, shape (side, side) each.

    Args:
        codes: land cover of the square, shape (side, side).
        left_px: first column, from the west of the landscape.
        top_px: first row, from the north.
        seed: of the sensors' noise.
    """
    rows, columns = _pixels(left_px, top_px, len(codes))
    noise = np.random.default_rng(seed)
    signature = np.zeros((len(S2_BANDS) + len(S1_BANDS), *codes.shape))
    for code in np.unique(codes):
        cover, here = COVERS[int(code)], codes == code
        draw = _random(rows[here] // cover.block_px, columns[here] // cover.block_px, salt=5)
        chosen = np.searchsorted(np.cumsum([share for _, share in cover.mosaic])[:-1], draw, side="right")
        signatures = np.array([(*material.reflectance, *material.backscatter_db) for material, _ in cover.mosaic])
        signature[:, here] = signatures[chosen].T
    bands = dict(zip((*S2_BANDS, *S1_BANDS), signature, strict=True))
    for name in S2_BANDS:
        bands[name] *= noise.normal(1, _REFLECTANCE_NOISE, codes.shape)
    for name in S1_BANDS:
        bands[name] += 10 * np.log10(noise.gamma(_SPECKLE_LOOKS, 1 / _SPECKLE_LOOKS, codes.shape))
    return bands


def at_native_resolution(bands: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.generic]]:
    """Bands as they are stored: averaged to their pixel size, in their data type, with 1 as the lowest reflectance."""
    native: dict[str, NDArray[np.generic]] = {}
    for name, fine in bands.items():
        band = BANDS[name]
        factor = band.resolution_m // IMAGE_RESOLUTION_M
        side = len(fine) // factor
        coarse = fine.reshape(side, factor, side, factor).mean(axis=(1, 3))
        native[name] = (np.rint(coarse).clip(1, 10_000) if band.sensor == "s2" else coarse).astype(band.numpy_dtype)
    return native


def cover_with_cloud(bands: dict[str, NDArray[np.float64]], seed: int) -> None:
    """Brighten the Sentinel-2 bands by a round cloud; radar sees through it."""
    side = len(bands["B02"])
    row, column, radius = np.random.default_rng(seed).uniform((0.3, 0.3, 0.2), (0.7, 0.7, 0.4)) * side
    rows, columns = _pixels(0, 0, side)
    share = np.clip(1.2 - np.hypot(rows - row, columns - column) / radius, 0, 1)
    for name in S2_BANDS:
        bands[name] += share * (8_000 - bands[name])


def random_share(row: int, column: int) -> float:
    """A random number from 0 to 1 that depends on the place only."""
    return float(_random(np.array([row]), np.array([column]), salt=6)[0])


def _pixels(left_px: int, top_px: int, side_px: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row and column of each pixel of a square, shape (side, side) each."""
    rows, columns = np.mgrid[top_px : top_px + side_px, left_px : left_px + side_px]
    return rows, columns


def _nearest_cell(
    rows: NDArray[np.int64], columns: NDArray[np.int64], size_px: int, *, salt: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cell whose randomly placed centre is nearest to each pixel (a Voronoi diagram over a jittered grid)."""
    best = np.full(rows.shape, np.inf)
    nearest = (np.zeros_like(rows), np.zeros_like(columns))
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            cell_row, cell_column = rows // size_px + down, columns // size_px + right
            centre_row = (cell_row + _random(cell_row, cell_column, salt=salt)) * size_px
            centre_column = (cell_column + _random(cell_row, cell_column, salt=salt + 100)) * size_px
            distance = np.hypot(rows - centre_row, columns - centre_column)
            closer = distance < best
            best[closer] = distance[closer]
            nearest[0][closer], nearest[1][closer] = cell_row[closer], cell_column[closer]
    return nearest


def _random(rows: NDArray[np.int64], columns: NDArray[np.int64], *, salt: int) -> Uniform:
    """A random number for each place, which depends on the place and `salt` only.

    The mixing steps are those of splitmix64 (Steele, Lea and Flood, OOPSLA 2014).
    """
    offset = np.uint64(1 << 32)  # keeps coordinates just beyond the border positive
    value = (rows.astype(np.uint64) + offset) * np.uint64(0x9E3779B97F4A7C15)
    value ^= (columns.astype(np.uint64) + offset) * np.uint64(0xC2B2AE3D27D4EB4F) + np.uint64(salt)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        value = (value ^ (value >> np.uint64(shift))) * np.uint64(factor)
    value ^= value >> np.uint64(31)
    return (value >> np.uint64(11)).astype(np.float64) / (1 << 53)
