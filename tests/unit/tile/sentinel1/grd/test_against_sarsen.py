"""The geometry held against another implementation: sarsen, on a generated product."""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from defusedxml.ElementTree import parse
from rasterio.transform import from_origin

from reben.core.grid import TileExtent
from reben.io.safe.grd.product import open_grd
from reben.io.safe.grd.radiometric_tables import parse_calibration
from reben.tile.sentinel1.grd.choices import Choices
from reben.tile.sentinel1.grd.ground import ground_at
from reben.tile.sentinel1.grd.tile_pass import passes_over
from stand_ins.grd import CRS

pytestmark = pytest.mark.slow
LINES, PIXELS = 16_705, 26_102
PLACE = TileExtent("EPSG:32633", 320_000.0, 4_660_000.0, 3_000)
"""South-east of Rome, within the real product."""


@pytest.fixture
def product(shared_data: Path, tmp_path: Path) -> Path:
    """A real product's metadata, and an image of waves; VH is VV again."""
    (real,) = (shared_data / "s1_grd").glob("*.SAFE")
    path = tmp_path / real.name
    for file in [*real.rglob("*.xml"), real / "manifest.safe"]:
        target = path / file.relative_to(real)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = file.read_text()
        target.write_text(text)
        other = target.name.replace("-vv-", "-vh-").replace("-001.xml", "-002.xml")
        target.with_name(other).write_text(text.replace("<polarisation>VV", "<polarisation>VH"))
    (path / "measurement").mkdir()
    stem = "20211223t051122-20211223t051147-030148-039993"
    lines, pixels = np.mgrid[6_500:8_000, 18_500:20_000]
    numbers = np.rint(3_000 * (1 + 0.4 * np.sin(lines / 57) * np.cos(pixels / 43)))
    for band, number in (("vv", "001"), ("vh", "002")):
        with (
            warnings.catch_warnings(action="ignore"),
            rasterio.open(
                path / "measurement" / f"s1b-iw-grd-{band}-{stem}-{number}.tiff", "w", driver="GTiff", width=PIXELS,
                height=LINES, count=1, dtype="uint16", sparse_ok=True, tiled=True, blockxsize=512, blockysize=512,
            ) as target,
        ):  # fmt: skip
            target.write(numbers.astype(np.uint16), 1, window=((6_500, 8_000), (18_500, 20_000)))
    return path


@pytest.mark.filterwarnings("ignore")
def test_places_and_values_are_those_of_sarsen(product: Path, tmp_path: Path):
    sarsen = pytest.importorskip("sarsen", reason="needs sarsen: pip install sarsen")
    side = 10 * np.arange(300) + 5.0
    x, y = np.meshgrid(PLACE.ulx_m + side, PLACE.uly_m - side)
    altitudes = 600 + 300 * np.sin(x / 800) * np.cos(y / 700)
    for name, heights in (("sea", altitudes), ("ellipsoid", altitudes + ground_at(CRS, x, y).geoid_m)):
        with rasterio.open(
            tmp_path / f"{name}.tif", "w", driver="GTiff", width=300, height=300, count=1, dtype="float64", crs=CRS,
            transform=from_origin(PLACE.ulx_m, PLACE.uly_m, 10, 10),
        ) as target:  # fmt: skip
            target.write(heights, 1)
    found = sarsen.terrain_correction(
        sarsen.Sentinel1SarProduct(str(product), "IW/VV"), dem_urlpath=str(tmp_path / "ellipsoid.tif"),
        output_urlpath=str(tmp_path / "sarsen.tif"), interp_method="linear",
    )  # fmt: skip
    expected = 10 * np.log10(found.to_numpy()[::-1])  # sarsen's rows begin in the south
    # sarsen gives beta nought, and leaves the thermal noise in.
    opened = open_grd(product)
    (file,) = product.glob("annotation/calibration/calibration-*-vv-*.xml")
    root = parse(file).getroot()
    for vector in root.iter("calibrationVector"):
        vector.find("sigmaNought").text = vector.find("betaNought").text
    images = {
        band: replace(
            image, calibration=parse_calibration("it", root), annotation=replace(image.annotation, noise_removed=True)
        )
        for band, image in opened.images.items()
    }
    (tile_pass,) = passes_over([replace(opened, images=images)], PLACE, Choices(tmp_path / "sea.tif"))
    with tile_pass.blocks(threads=1) as made:
        (part,) = made
    differs = np.abs(part.decibels["VV"] - expected)
    assert np.isfinite(differs).all()
    assert differs.max() < 0.02
