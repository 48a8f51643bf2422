"""How well `reben correct --engine 6s` finds the ground again when it must find aerosol and water vapour itself.

Real surface reflectance (the patches with which the full-size tile is filled) is seen through random atmospheres by
means of the tables, with sensor noise, and corrected. This shows the errors of what is read from the image, not those
of the radiative transfer: for that, `tests/unit/correct/sixs/test_tables.py` compares with 6S.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray

from benchmarks.construction import REAL_DATA, full_tile
from reben.core.bands import BANDS, S2_BANDS
from reben.core.grid import TileExtent
from reben.correct.l2a_product import l2a_name
from reben.correct.sixs.engine import SixsEngine
from reben.correct.sixs.tables import Air, pressure_hpa
from reben.demo.l1c import NEIGHBOURS_M, write_l1c_product
from reben.io.safe.l2a import open_product
from reben.io.tile_bands import read_tile_band
from reben.work.processes import available_cpus

_SIDE_M = 12_000
_SEED = 7


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Differences between what was put there and what was found."""

    errors: dict[str, NDArray[np.float64]]
    """Per band, absolute differences of reflectance, all atmospheres together."""
    aerosol: NDArray[np.float64]
    """Optical thickness found minus put there, shape (atmospheres,)."""
    water_g_cm2: NDArray[np.float64]
    """Found relative to put there, minus 1."""


def measure(cache: Path, scratch: Path, *, atmospheres: int = 10) -> Accuracy | None:
    """Correct a part of the full-size tile under random atmospheres; None if there are no real patches.

    Args:
        cache: where the tile is kept between runs.
        scratch: where products are made.
        atmospheres: how many.
    """
    if not (REAL_DATA / "tools").is_dir():
        return None
    l2a = open_product(full_tile(cache))
    surface, extent = {}, TileExtent("", 0, 0, 0)
    for band in S2_BANDS:
        side = _SIDE_M // BANDS[band].resolution_m
        with rasterio.open(l2a.images[band]) as source:
            surface[band] = source.read(1, window=((0, side), (0, side)))
            corner = source.transform
            extent = TileExtent(f"EPSG:{source.crs.to_epsg()}", corner.c, corner.f, _SIDE_M)
    name = replace(l2a.name, tile=replace(l2a.name.tile, level="L1C"))
    draw = np.random.default_rng(_SEED)
    errors: dict[str, list[NDArray[np.float64]]] = {band: [] for band in S2_BANDS}
    aerosol, water = [], []
    for _ in range(atmospheres):
        aot, water_g_cm2 = draw.uniform(0.05, 0.5), draw.uniform(0.5, 4)
        air = Air(aot, water_g_cm2, draw.uniform(0.28, 0.4), pressure_hpa(0))
        folder = scratch / "accuracy"
        shutil.rmtree(folder, ignore_errors=True)
        l1c = write_l1c_product(folder, name, extent, surface, air=air)
        record = SixsEngine(threads=available_cpus(), adjacency_m=NEIGHBOURS_M).correct(l1c, folder)
        aerosol.append(record.aerosol.optical_thickness_550nm - aot)
        water.append(record.water_vapour.mean_g_cm2 / water_g_cm2 - 1)
        found = open_product(folder / str(l2a_name(name)))
        for band, true in surface.items():
            _, pixels = read_tile_band(found.images[band], BANDS[band].resolution_m)
            differences = pixels.astype(float) + found.offsets[band] - true
            errors[band].append(np.abs(differences[true > 0]).ravel()[::7] / 10_000)
    return Accuracy(
        {band: np.concatenate(values) for band, values in errors.items()}, np.array(aerosol), np.array(water)
    )
