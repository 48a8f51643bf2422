from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from reben.core.grid import TileExtent
from reben.tile.sentinel1.grd.ground import ground_at
from stand_ins.grd import CRS, MIDDLE, Grd, to_ecef, write_dem

SIDE_M = 4_800


@pytest.fixture
def extent() -> TileExtent:
    return TileExtent(CRS, MIDDLE[0] - SIDE_M / 2, MIDDLE[1] + SIDE_M / 2, SIDE_M)


def hills(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mountains of 700 to 900 m, with slopes up to 18 degrees."""
    return 800 + 100 * np.sin(x / 450) * np.cos(y / 400)


@pytest.fixture
def dem(tmp_path: Path) -> Path:
    return write_dem(tmp_path / "dem.tif", hills)


@pytest.fixture
def on_the_hills() -> Callable[..., np.ndarray]:
    """Places of the hills' surface, ECEF."""

    def place(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return to_ecef(x, y, hills(x, y) + ground_at(CRS, x, y).geoid_m)

    return place


@pytest.fixture
def flat_product(tmp_path: Path) -> Path:
    return Grd().write(tmp_path, lambda lines, _: np.full(lines.shape, 100.0))
