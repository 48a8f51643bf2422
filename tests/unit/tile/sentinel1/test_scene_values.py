"""Whatever a raster holds becomes backscatter in dB, or nothing, or an error; never something else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.core.backscatter import Unit
from reben.core.errors import RasterError
from reben.tile.sentinel1.scene_raster import open_bands

SCENE = "S1A_IW_GRDH_1SDV_20170613T165043"
BOX = (300_000, 5_395_200, 304_800, 5_400_000)
Write = Callable[..., Path]
Draw = Callable[..., np.ndarray]


def read(path: Path, unit: Unit | None = None) -> np.ndarray:
    raster = open_bands(path, unit)["VV"]
    raster.expect_unit()
    with rasterio.open(path) as source:
        return raster.read_on_grid(source, "EPSG:32633", BOX, 10)


@pytest.mark.parametrize("fill", [-9999, -99, -32768, -999, np.finfo(np.float32).min, np.nan, -np.inf, 0])
def test_fill_values_without_a_nodata_tag_are_no_values(write_raster: Write, decibels: Draw, tmp_path: Path, fill):
    pixels = decibels()
    pixels[:200] = fill
    found = read(write_raster(tmp_path / f"{SCENE}_VV.tif", pixels))
    assert np.isnan(found[:200]).all()
    np.testing.assert_array_equal(found[200:], pixels[200:])


@pytest.mark.parametrize("wrong", [-1234.5, -91, 51, 4000])
def test_another_value_that_is_no_backscatter_is_refused(write_raster: Write, decibels: Draw, tmp_path: Path, wrong):
    pixels = decibels()
    pixels[3, 5] = wrong
    path = write_raster(tmp_path / f"{SCENE}_VV.tif", pixels)
    with pytest.raises(RasterError, match=f"has a value of {wrong}, taken as db") as caught:
        read(path)
    assert str(path) in str(caught.value)


def set_scale(path: Path, scale: float, offset: float) -> Path:
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = [scale], [offset]
    return path


@pytest.mark.parametrize("fill", [-32768, -9999])
def test_scale_and_offset_are_applied(write_raster: Write, decibels: Draw, tmp_path: Path, fill: int):
    stored = np.round((decibels() + 5) * 100).astype(np.int16)
    stored[0, :7] = fill
    path = set_scale(write_raster(tmp_path / f"{SCENE}_VV.tif", stored), 0.01, -5)
    found = read(path)
    assert np.isnan(found[0, :7]).all()
    np.testing.assert_allclose(found[1:], stored[1:] * 0.01 - 5, atol=1e-5)


def test_scaled_integers_without_a_scale_are_refused(write_raster: Write, decibels: Draw, tmp_path: Path):
    path = write_raster(tmp_path / f"{SCENE}_VV.tif", np.round(decibels() * 100).astype(np.int16))
    with pytest.raises(RasterError, match="taken as db"):
        read(path)


@pytest.mark.parametrize("scale", [0.0, np.inf])
def test_a_scale_that_is_none(write_raster: Write, decibels: Draw, tmp_path: Path, scale: float):
    path = set_scale(write_raster(tmp_path / f"{SCENE}_VV.tif", decibels()), scale, 0)
    with pytest.raises(RasterError, match="has a scale of"):
        read(path)


def tagged(path: Path, **tags: str) -> Path:
    with rasterio.open(path, "r+") as target:
        target.update_tags(1, **tags)
    return path


def test_linear_power_by_the_users_word_a_tag_or_a_name(write_raster: Write, decibels: Draw, tmp_path: Path):
    pixels = decibels()
    power = 10 ** (pixels / 10)
    plain = write_raster(tmp_path / f"{SCENE}_VV.tif", power)
    np.testing.assert_allclose(read(plain, Unit.linear), pixels, atol=1e-4)
    by_tag = tagged(write_raster(tmp_path / "tag" / f"{SCENE}_VV.tif", power), UNITS="linear power")
    np.testing.assert_allclose(read(by_tag), pixels, atol=1e-4)
    by_name = write_raster(tmp_path / "S1A_IW_20170613T165043_DVP_RTC10_G_gpuned_0A1B_VV.tif", power)
    np.testing.assert_allclose(read(by_name), pixels, atol=1e-4)
    described = write_raster(tmp_path / "text" / f"{SCENE}.tif", power, descriptions=("Sigma0_VV linear",))
    np.testing.assert_allclose(read(described), pixels, atol=1e-4)


def test_power_that_is_not_positive_is_no_value(write_raster: Write, decibels: Draw, tmp_path: Path):
    power = 10 ** (decibels() / 10)
    power[0, :4] = (0, -1e-4, -9999, np.nan)
    found = read(write_raster(tmp_path / f"{SCENE}_VV.tif", power), Unit.linear)
    assert np.isnan(found[0, :4]).all()
    assert np.isfinite(found[1:]).all()


def test_linear_power_that_nothing_tells_is_refused_though_some_is_negative(
    write_raster: Write, decibels: Draw, tmp_path: Path
):
    power = 10 ** (decibels() / 10)
    power[::7, ::5] = -1e-4  # noise that was subtracted
    path = write_raster(tmp_path / f"{SCENE}_VV.tif", power)
    with pytest.raises(RasterError, match="taken as db, as nothing says otherwise") as caught:
        read(path)
    assert "--s1-unit" in caught.value.hint


def test_a_wrong_word_is_contradicted(write_raster: Write, decibels: Draw, tmp_path: Path):
    path = write_raster(tmp_path / f"{SCENE}_VV.tif", decibels())
    with pytest.raises(RasterError, match="taken as linear power; expected positive power"):
        read(path, Unit.linear)
    amplitude = write_raster(tmp_path / "dn" / f"{SCENE}_VV.tif", np.full((480, 480), 150, np.uint16))
    for unit in Unit:
        with pytest.raises(RasterError, match="half of its values are 150"):
            read(amplitude, unit)


def test_one_bright_pixel_or_one_dark_one_decides_nothing(write_raster: Write, decibels: Draw, tmp_path: Path):
    pixels = decibels()
    pixels[:3] = 25  # bright targets
    pixels[-3:] = -74  # below the noise
    np.testing.assert_array_equal(read(write_raster(tmp_path / f"{SCENE}_VV.tif", pixels)), pixels)


def test_amplitude_and_contradictions_are_refused(write_raster: Write, decibels: Draw, tmp_path: Path):
    path = tagged(write_raster(tmp_path / f"{SCENE}_VV.tif", decibels()), units="amplitude")
    with pytest.raises(RasterError, match="is amplitude"):
        read(path)
    tagged(path, units="dB", other_unit="linear")
    with pytest.raises(RasterError, match="is in dB and linear"):
        read(path)
    assert np.isfinite(read(path, Unit.db)).all()


def test_an_empty_scene_is_no_contradiction(write_raster: Write, tmp_path: Path):
    path = write_raster(tmp_path / f"{SCENE}_VV.tif", np.zeros((480, 480), np.float32))
    assert np.isnan(read(path)).all()


def test_a_raster_smaller_than_a_sample(write_raster: Write, decibels: Draw, tmp_path: Path):
    assert np.isfinite(read(write_raster(tmp_path / f"{SCENE}_VV.tif", decibels(5))))[:5, :5].all()
