"""The embedded engine against ESA's sen2cor on a real product: what is told, and how near it comes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.core.bands import BANDS, S2_BANDS
from reben.correct.report import SixsRecord
from reben.correct.sixs.aerosol import SHARES
from reben.correct.sixs.engine import SixsEngine
from reben.io.dataset.paths import DatasetPaths
from reben.io.safe.l2a import open_product
from reben.io.tile_bands import read_tile_band


@pytest.fixture(scope="module")
def pair(shared_data: Path) -> Path:
    folder = shared_data / "l1c_l2a"
    if not folder.is_dir():
        pytest.skip(f"the real pair is not at {folder}")
    return folder


def corrected(pair: Path, output: Path, **options: float) -> tuple[SixsRecord, dict[str, np.ndarray]]:
    """The report, and the reflectance of each band."""
    record = SixsEngine(pair / "dem_160m.tif", **options).correct(next(pair.glob("*.SAFE")), output)
    product = open_product(output / record.product)
    return record, {
        band: (read_tile_band(product.images[band], BANDS[band].resolution_m)[1] + float(product.offsets[band])) / 1e4
        for band in S2_BANDS
    }


def by_sen2cor(pair: Path, band: str) -> np.ndarray:
    with rasterio.open(pair / "sen2cor_43RCP" / f"{band.replace('B0', 'B')}.tif") as source:
        return source.read(1) / 1e4


def test_every_band_but_b09_comes_near(pair: Path, tmp_path: Path):
    """The table in docs/correction.md; `python -m benchmarks --only pairs` prints it."""
    record, ours = corrected(pair, tmp_path)
    assert record.aerosol.source == "default"  # no forecast in the product, and no vegetation that is believed
    assert record.aerosol.cells == 0
    assert record.fallbacks[0].startswith("aerosol: default (dark vegetation in 7 cells: 7 too bright for the haziest")
    for band in S2_BANDS:
        theirs = by_sen2cor(pair, band)
        slope = np.polyfit(theirs.ravel(), ours[band].ravel(), 1)[0]
        difference = np.median(ours[band]) - np.median(theirs)
        assert abs(difference) < 0.02, (band, difference)
        assert (0.85 if band == "B09" else 0.9) < slope < 1.1, (band, slope)


def test_neighbouring_light_is_why(pair: Path, tmp_path: Path):
    """Without it, blue has three quarters of sen2cor's contrast: the difference is physical, not one of brightness."""
    _, plain = corrected(pair, tmp_path, adjacency_m=0)
    slopes = {
        band: np.polyfit(by_sen2cor(pair, band).ravel(), plain[band].ravel(), 1)[0] for band in ("B02", "B04", "B12")
    }
    assert slopes["B02"] < 0.8 < slopes["B04"] < slopes["B12"] < 0.9


def test_dark_vegetation_is_as_bright_as_in_real_patches(real_patches: DatasetPaths):
    """Medians over the patches of how blue and red follow B12 on dark vegetation at 60 m."""
    ratios = []
    for folder in sorted(real_patches.s2.glob("*/*")):
        band = {name: at_60_m(folder / f"{folder.name}_{name}.tif") for name in (*SHARES, "B8A", "B12")}
        green = band["B8A"] - band["B04"] > 0.55 * (band["B8A"] + band["B04"])
        dark = green & (band["B12"] > 0.01) & (band["B12"] < 0.12)
        assert dark.sum() >= 20, folder.name
        ratios.append([band[name][dark].mean() / band["B12"][dark].mean() for name in SHARES])
    assert len(ratios) == 12
    assert np.median(ratios, axis=0) == pytest.approx(list(SHARES.values()), abs=0.006)
    assert np.min(ratios, axis=0) == pytest.approx([0.28, 0.31], abs=0.006)
    assert np.max(ratios, axis=0) == pytest.approx([0.42, 0.47], abs=0.006)


def at_60_m(file: Path) -> np.ndarray:
    with rasterio.open(file) as source:
        pixels = source.read(1) / 1e4
    factor = len(pixels) // 20
    return pixels.reshape(20, factor, 20, factor).mean(axis=(1, 3))


def test_the_fallback_is_said(pair: Path, tmp_path: Path):
    result = subprocess.run(
        [sys.executable, "-m", "reben", "correct", pair, "--output", tmp_path, "--engine", "6s"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert (
        "aerosol: default (dark vegetation in 7 cells: 7 too bright for the haziest air in the tables" in result.stderr
    )
