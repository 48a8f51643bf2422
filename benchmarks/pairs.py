"""How far `reben correct --engine 6s` comes out from ESA's sen2cor on a real L1C product of which both are known.

Nothing is told to the engine but the product and its elevation; nothing of sen2cor's result is used but to compare.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from benchmarks.construction import REAL_DATA
from reben.core.bands import BANDS, S2_BANDS
from reben.correct.report import SixsRecord
from reben.correct.sixs.adjacency_range import RANGE_M
from reben.correct.sixs.engine import SixsEngine
from reben.io.safe.l2a import open_product
from reben.io.tile_bands import read_tile_band

PAIR = REAL_DATA / "data" / "l1c_l2a"
_SEN2COR = "sen2cor_43RCP"
_QUANTIFICATION = 10_000
"""The L2A side was made with baseline 02.14: no offset."""


@dataclass(frozen=True, slots=True)
class Distance:
    """Between two corrections of one band, sen2cor's first."""

    median: float
    """Of sen2cor's reflectance."""
    difference: float
    """Our median minus sen2cor's."""
    slope: float
    """Of the straight line through our reflectance over sen2cor's, least squares."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What was measured on one product."""

    bands: dict[str, Distance]
    record: SixsRecord
    """Of the correction."""


def measure(scratch: Path, *, adjacency_m: float = RANGE_M) -> Pair | None:
    """Correct the product of the pair and compare; None if it is not there.

    Args:
        scratch: where the product is made.
        adjacency_m: see `SixsEngine`.
    """
    if not PAIR.is_dir():
        return None
    (l1c,) = PAIR.glob("*.SAFE")
    folder = scratch / "pair"
    shutil.rmtree(folder, ignore_errors=True)
    record = SixsEngine(PAIR / "dem_160m.tif", adjacency_m=adjacency_m).correct(l1c, folder)
    product = open_product(folder / record.product)
    bands = {}
    for band in S2_BANDS:
        with rasterio.open(PAIR / _SEN2COR / f"{band.replace('B0', 'B')}.tif") as source:
            theirs = source.read(1) / _QUANTIFICATION
        _, numbers = read_tile_band(product.images[band], BANDS[band].resolution_m)
        ours = (numbers + float(product.offsets[band])) / _QUANTIFICATION
        bands[band] = _distance(theirs, ours)
    return Pair(bands, record)


def _distance(theirs: NDArray[np.float64], ours: NDArray[np.float64]) -> Distance:
    """Compare where sen2cor has a value."""
    known = theirs > 0
    x, y = theirs[known], ours[known]
    return Distance(float(np.median(x)), float(np.median(y) - np.median(x)), float(np.polyfit(x, y, 1)[0]))
