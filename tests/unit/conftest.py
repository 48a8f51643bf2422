"""A small tile, geocoded Sentinel-1 scenes over it, and a clock that nobody has to wait for."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.transform import from_origin

from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import TileName
from reben.tile.patches import TilePatches
from stand_ins.clock import Clock


@pytest.fixture
def patches() -> TilePatches:
    """4 x 4 patches with their upper left corner at (300000, 5400000) in UTM zone 33."""
    extent = TileExtent("EPSG:32633", 300_000, 5_400_000, 4_800)
    return TilePatches(TileName.parse("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"), extent, PatchGrid(4_800))


@pytest.fixture(scope="session")
def write_raster() -> Callable[..., Path]:
    """Write one polarisation, or several, of a scene; by default on the tile's grid and ground."""

    def write(
        path: Path, pixels: np.ndarray, *, crs: str | None = "EPSG:32633", transform: Affine | None = None,
        nodata: float | None = None, descriptions: tuple[str, ...] = (),
    ) -> Path:  # fmt: skip
        bands = pixels if pixels.ndim == 3 else pixels[None]
        path.parent.mkdir(parents=True, exist_ok=True)
        with rasterio.open(
            path, "w", driver="GTiff", width=bands.shape[2], height=bands.shape[1], count=len(bands),
            dtype=bands.dtype, crs=crs, transform=transform or from_origin(300_000, 5_400_000, 10, 10), nodata=nodata,
        ) as target:  # fmt: skip
            target.write(bands)
            for number, text in enumerate(descriptions, start=1):
                target.set_band_description(number, text)
        return path

    return write


@pytest.fixture(scope="session")
def write_scene(write_raster: Callable[..., Path]) -> Callable[..., None]:
    """Write VV and VH (6 dB below) of a scene into two files."""

    def write(folder: Path, scene: str, vv: np.ndarray, **options: object) -> None:
        write_raster(folder / f"{scene}_VV.tif", vv, **options)
        write_raster(folder / f"{scene}_VH.tif", vv - np.float32(6), **options)

    return write


@pytest.fixture(scope="session")
def decibels() -> Callable[..., np.ndarray]:
    """Speckle between -25 and -5 dB."""

    def draw(rows: int = 480, columns: int | None = None, seed: int = 0) -> np.ndarray:
        return np.random.default_rng(seed).uniform(-25, -5, (rows, columns or rows)).astype(np.float32)

    return draw


@pytest.fixture
def clock() -> Clock:
    return Clock()
