from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from reben.core.errors import ProductError
from reben.core.grid import TileExtent
from reben.io.jp2 import write_tile_band
from reben.io.tile_bands import read_tile_band

EXTENT = TileExtent("EPSG:32633", 300_000, 5_400_000, 4_800)
PIXELS = np.random.default_rng(0).integers(0, 65_535, (240, 240)).astype(np.uint16)


@pytest.mark.parametrize("threads", [1, 2])
def test_what_is_written_is_read_back(tmp_path: Path, threads):
    write_tile_band(tmp_path / "band.jp2", PIXELS, EXTENT, 20, threads=threads)
    extent, pixels = read_tile_band(str(tmp_path / "band.jp2"), 20, threads=threads)
    assert extent == EXTENT
    assert (pixels == PIXELS).all()


def test_a_truncated_file(tmp_path: Path):
    write_tile_band(tmp_path / "band.jp2", PIXELS, EXTENT, 20)
    (tmp_path / "cut.jp2").write_bytes((tmp_path / "band.jp2").read_bytes()[:50_000])
    with pytest.raises(ProductError, match=r"cut.jp2: cannot be read"):
        read_tile_band(str(tmp_path / "cut.jp2"), 20)


def test_what_is_no_band_of_a_tile(tmp_path: Path):
    write_tile_band(tmp_path / "band.jp2", PIXELS, EXTENT, 20)
    with pytest.raises(ProductError, match=r"has pixels of 20.0 m; expected 10 m"):
        read_tile_band(str(tmp_path / "band.jp2"), 10)
    with rasterio.open(
        tmp_path / "wide.jp2", "w", driver="JP2OpenJPEG", width=240, height=120, count=1, dtype="uint16",
        crs="EPSG:32633", transform=from_origin(0, 0, 20, 20),
    ) as target:  # fmt: skip
        target.write(PIXELS[:120], 1)
    with pytest.raises(ProductError, match="expected one square band of uint16 in a UTM zone"):
        read_tile_band(str(tmp_path / "wide.jp2"), 20)


@pytest.mark.parametrize(
    ("crs", "corner", "side_px", "resolution_m"),
    [
        ("EPSG:3035", (4_000_000, 3_000_000), 20, 20),
        ("EPSG:32661", (2_000_000, 2_000_000), 20, 20),
        ("EPSG:32633", (300_000.5, 5_400_000), 20, 20),
        ("EPSG:32633", (3e9, 5_400_000), 20, 20),
        ("EPSG:32633", (300_000, 5_400_000), 2_001, 60),
    ],
)
def test_a_header_that_claims_what_no_tile_is(
    *, tmp_path: Path, crs: str, corner: tuple[float, float], side_px: int, resolution_m: int, monkeypatch
):
    with rasterio.open(
        tmp_path / "band.jp2", "w", driver="JP2OpenJPEG", width=side_px, height=side_px, count=1, dtype="uint16",
        crs=crs, transform=from_origin(*corner, resolution_m, resolution_m),
    ) as target:  # fmt: skip
        target.write(np.ones((side_px, side_px), np.uint16), 1)
    monkeypatch.setattr(rasterio.DatasetReader, "read", None)  # nothing is decoded
    with pytest.raises(ProductError, match=r"band\.jp2: claims a tile of"):
        read_tile_band(str(tmp_path / "band.jp2"), resolution_m)


def test_another_place_than_expected_is_not_decoded(tmp_path: Path, monkeypatch):
    write_tile_band(tmp_path / "band.jp2", PIXELS, EXTENT, 20)
    monkeypatch.setattr(rasterio.DatasetReader, "read", None)
    with pytest.raises(ProductError, match="by the metadata or the other bands it is"):
        read_tile_band(str(tmp_path / "band.jp2"), 20, expected=replace(EXTENT, side_m=109_800))
