import json
import re
import shutil
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from reben.core.bands import BANDS, S2_BANDS
from reben.core.errors import CorrectionError, ProductError, RasterError, TargetExistsError
from reben.core.names import ProductName
from reben.correct.report import REPORT_FILE, AltitudeFound, read_sixs_record
from reben.correct.sixs.engine import SixsEngine
from reben.demo.l1c import AIR, NEIGHBOURS_M
from reben.io.safe.checksums import compare_checksums
from reben.io.safe.l2a import open_product
from reben.io.safe.xml import manifest_xml
from reben.io.tile_bands import read_tile_band

ENGINE = SixsEngine(threads=2, adjacency_m=NEIGHBOURS_M)


@pytest.fixture(scope="module")
def corrected(small_l1c, tmp_path_factory) -> Path:
    output = tmp_path_factory.mktemp("l2a")
    return output / ENGINE.correct(small_l1c.path, output).product


@pytest.fixture
def l1c(small_l1c, tmp_path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(small_l1c.path, tmp_path / small_l1c.path.name))


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_ground_is_found_again(corrected: Path, small_l1c):
    product = open_product(corrected)
    for band in S2_BANDS:
        extent, pixels = read_tile_band(product.images[band], BANDS[band].resolution_m)
        assert extent == small_l1c.extent
        true = small_l1c.surface[band]
        assert ((pixels == 0) == (true == 0)).all()
        errors = np.abs(pixels[true > 0].astype(int) + product.offsets[band] - true[true > 0]) / 10_000
        limit = 0.01 if band == "B09" else 0.002  # its ground is not quite as bright as B8A's, as is assumed
        assert np.median(errors) < limit, band
        assert np.percentile(errors, 95) < 3 * limit, band


def test_the_product_looks_like_one(corrected: Path):
    name = ProductName.parse(corrected.name)
    assert (name.tile.level, name.tile.baseline) == ("L2A", "9906")
    product = open_product(corrected)
    assert product.name == name
    assert product.baseline == "99.06"
    assert set(product.offsets.values()) == {-1_000}
    assert product.quality["GENERAL_QUALITY"] == "PASSED"
    (scl,) = corrected.glob("GRANULE/*/IMG_DATA/R20m/*_SCL_20m.jp2")
    with rasterio.open(scl) as source:
        assert source.dtypes == ("uint8",)
        assert source.shape == (450, 450)
    assert len(list(corrected.glob("GRANULE/*/IMG_DATA/R*m/*.jp2"))) == 13
    (tile,) = corrected.glob("GRANULE/*/MTD_TL.xml")
    assert "<Sun_Angles_Grid>" in tile.read_text()


def test_the_report_says_how_it_was_made(corrected: Path):
    record = read_sixs_record(corrected, hint="")
    assert record is not None
    assert record.format_version == 2
    assert record.aerosol.source == "dark vegetation"
    assert record.aerosol.optical_thickness_550nm == pytest.approx(AIR.aot, abs=0.06)
    assert record.water_vapour.mean_g_cm2 == pytest.approx(AIR.water_g_cm2, rel=0.1)
    assert record.fallbacks == ("ozone: default", "altitude: sea level")
    assert sum(record.classes.values()) == pytest.approx(1)
    assert list(record.seconds) == ["decode", "classify", "atmosphere", "encode", "invert"]
    assert record.tables.startswith("2 (6SV 1.1")


def test_an_elevation_model_changes_the_air(small_l1c, tmp_path: Path):
    extent = small_l1c.extent
    dem = tmp_path / "dem.tif"
    with rasterio.open(
        dem, "w", driver="GTiff", width=30, height=30, count=1, dtype="int16", crs=extent.crs,
        transform=from_origin(extent.ulx_m, extent.uly_m, 300, 300),
    ) as target:  # fmt: skip
        target.write(np.full((30, 30), 1_500, np.int16), 1)
    record = SixsEngine(dem).correct(small_l1c.path, tmp_path)
    assert record.altitude == AltitudeFound(mean_m=1500, lowest_m=1500, highest_m=1500, source="dem.tif", cells=64)
    assert record.fallbacks == ("ozone: default",)
    (tmp_path / "broken.tif").write_bytes(b"II*\0")
    shutil.rmtree(tmp_path / record.product)
    with pytest.raises(RasterError):
        SixsEngine(tmp_path / "broken.tif").correct(small_l1c.path, tmp_path)
    assert not list(tmp_path.glob("*.SAFE"))


def test_light_from_neighbouring_ground_is_taken_out_by_default(corrected: Path, small_l1c, tmp_path: Path):
    """Contrast grows most in blue, and hardly at all in the short-wave infrared."""
    record = SixsEngine(threads=2).correct(small_l1c.path, tmp_path)
    assert record.adjacency is not None
    assert record.adjacency.range_m == 1_000
    share = record.adjacency.share
    assert share["B02"] > share["B04"] > share["B8A"] > share["B12"] > 0
    without, with_it = open_product(corrected), open_product(tmp_path / record.product)
    growth = {}
    for band in ("B02", "B12"):
        plain, sharp = (read_tile_band(p.images[band], BANDS[band].resolution_m)[1] for p in (without, with_it))
        valid = (plain > 0) & (small_l1c.surface[band] > 0)
        assert ((plain == 0) == (sharp == 0)).all()
        growth[band] = sharp[valid].std() / plain[valid].std() - 1
    assert growth["B02"] > 0.08
    assert abs(growth["B12"]) < 0.03
    assert json.loads((corrected / REPORT_FILE).read_text())["adjacency"]["range_m"] == 0


@pytest.mark.parametrize("range_m", [-1, float("nan"), float("inf"), 1e6])
def test_a_range_that_cannot_be_one(small_l1c, tmp_path: Path, range_m):
    with pytest.raises(CorrectionError, match="cannot reach"):
        SixsEngine(adjacency_m=range_m).correct(small_l1c.path, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_product_carries_checksums(corrected: Path):
    product = open_product(corrected)
    assert compare_checksums(corrected, list(product.members.values())) == ("SHA3-256",)


def test_a_damaged_image_is_refused_or_taken_as_it_is(l1c: Path, tmp_path: Path):
    image = next(l1c.rglob("*_B04.jp2"))
    (l1c / "manifest.safe").write_text(manifest_xml({PurePosixPath(image.relative_to(l1c)): "0" * 64}))
    expect_nothing_written(ENGINE, l1c, ProductError, r"_B04\.jp2 is damaged: its SHA3-256 is")
    record = SixsEngine(checksums=False).correct(l1c, tmp_path / "taken")
    assert record.compared_with == ()


def test_a_zipped_product(small_l1c, tmp_path: Path):
    archive = shutil.make_archive(str(tmp_path / "product"), "zip", small_l1c.path.parent, small_l1c.path.name)
    record = ENGINE.correct(Path(archive), tmp_path)
    assert (tmp_path / record.product / "MTD_MSIL2A.xml").is_file()


def test_what_is_there_already_is_found_and_not_overwritten(corrected: Path, small_l1c, tmp_path: Path):
    assert ENGINE.find_finished(small_l1c.path, corrected.parent) == corrected
    assert ENGINE.find_finished(small_l1c.path, tmp_path) is None
    with pytest.raises(TargetExistsError):
        ENGINE.correct(small_l1c.path, corrected.parent)


def test_what_was_corrected_with_another_range_is_not_taken_for_the_same(corrected: Path, small_l1c):
    with pytest.raises(CorrectionError, match=r"with an adjacency range of [0-9,]+ m; expected [0-9,]+ m") as caught:
        SixsEngine(adjacency_m=NEIGHBOURS_M + 500).find_finished(small_l1c.path, corrected.parent)
    assert "remove the product" in caught.value.hint


def expect_nothing_written(engine: SixsEngine, l1c: Path, error: type[Exception], message: str) -> None:
    output = l1c.parent / "output"
    with pytest.raises(error, match=message):
        engine.correct(l1c, output)
    assert not output.exists() or not list(output.iterdir())


def test_a_truncated_band(l1c: Path):
    (image,) = l1c.rglob("*_B11.jp2")
    image.write_bytes(image.read_bytes()[:5_000])
    expect_nothing_written(ENGINE, l1c, ProductError, "B11.jp2: cannot be read")


def test_a_missing_band(l1c: Path):
    (image,) = l1c.rglob("*_B10.jp2")
    image.unlink()
    expect_nothing_written(ENGINE, l1c, ProductError, "lacks B10")


def test_a_band_of_another_place(l1c: Path):
    (image,) = l1c.rglob("*_B12.jp2")
    with rasterio.open(image) as source:
        pixels, profile = source.read(1), source.profile
    profile |= {"transform": from_origin(0, 0, 20, 20), "driver": "JP2OpenJPEG"}
    image.unlink()
    with rasterio.open(image, "w", **profile) as target:
        target.write(pixels, 1)
    expect_nothing_written(ENGINE, l1c, ProductError, r"_B12\.jp2: covers .*; by the metadata or the other bands it is")


def test_failed_quality(l1c: Path):
    old = '"GENERAL_QUALITY">PASSED'
    replace_in(l1c / "MTD_MSIL1C.xml", old, old.replace("PASSED", "FAILED"))
    expect_nothing_written(ENGINE, l1c, CorrectionError, "GENERAL_QUALITY is FAILED")


@pytest.mark.parametrize(("file", "message"), [("MTD_MSIL1C.xml", "not valid XML"), ("MTD_TL.xml", "not valid XML")])
def test_damaged_metadata(l1c: Path, file, message):
    (path,) = l1c.rglob(file)
    path.write_text(path.read_text()[:400])
    expect_nothing_written(ENGINE, l1c, ProductError, message)


def test_a_sun_that_stands_too_low(l1c: Path):
    (path,) = l1c.rglob("MTD_TL.xml")
    path.write_text(re.sub(r"\b3[23]\.", "81.", path.read_text()))
    expect_nothing_written(ENGINE, l1c, CorrectionError, "from the zenith; the tables end at 7")


def test_an_l2a_product(corrected: Path):
    with pytest.raises(ProductError, match="is an L2A product already"):
        ENGINE.correct(corrected, corrected.parent / "output")
