from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.core.errors import RasterError
from reben.io.safe.grd.product import GrdImage, open_grd
from reben.tile.sentinel1.grd.radiometry import read_part
from stand_ins.grd import Grd

WHOLE = slice(0, 1_000)
NOISE = 900.0


def vv(product: Grd, folder: Path, draw: Callable[..., np.ndarray]) -> GrdImage:
    return open_grd(product.write(folder, draw)).images["VV"]


def speckle(level: float) -> Callable[..., np.ndarray]:
    """An image of a power, with speckle of 4.4 looks, and thermal noise in it."""

    def draw(lines: np.ndarray, _: np.ndarray) -> np.ndarray:
        return np.sqrt(np.random.default_rng(4).gamma(4.4, level / 4.4, lines.shape))

    return draw


@pytest.mark.parametrize("old_noise", [False, True])
def test_noise_is_taken_off_and_numbers_are_calibrated(old_noise: bool, tmp_path: Path):
    image = vv(Grd(noise=NOISE, old_noise=old_noise), tmp_path, lambda lines, _: np.full(lines.shape, 100.0))
    part = read_part(image, WHOLE, WHOLE)
    power = part.sigma_nought(100, 200, 50, 600)
    assert power.shape == (50, 600)
    assert power == pytest.approx((100**2 - NOISE) / 500**2, rel=1e-5)


def test_noise_that_esa_has_removed_is_not_taken_off_again(tmp_path: Path):
    image = vv(Grd(noise=NOISE, noise_removed=True), tmp_path, lambda lines, _: np.full(lines.shape, 20.0))
    assert read_part(image, WHOLE, WHOLE).sigma_nought(0, 0, 9, 9) == pytest.approx(20**2 / 500**2, rel=1e-5)


def test_pixels_weaker_than_the_noise_have_next_to_nothing(tmp_path: Path):
    def draw(lines: np.ndarray, _: np.ndarray) -> np.ndarray:
        numbers = np.full(lines.shape, 100.0)
        numbers[500, 500] = 20
        return numbers

    power = read_part(vv(Grd(noise=NOISE), tmp_path, draw), WHOLE, WHOLE).sigma_nought(499, 499, 3, 3)
    assert 10 * np.log10(power[1, 1]) == pytest.approx(-73.1, abs=0.1)
    assert np.isfinite(power).all()


def test_where_nothing_was_seen_there_is_no_value(tmp_path: Path):
    def draw(lines: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        return np.where((lines > 300) & (pixels > 250), 100.0, 0.0)

    power = read_part(vv(Grd(noise=NOISE), tmp_path, draw), WHOLE, WHOLE).sigma_nought(0, 0, 1_000, 1_000)
    assert np.isnan(power[:301]).all()
    assert np.isnan(power[:, :251]).all()
    assert np.isfinite(power[350:, 300:]).all()


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_noise_along_a_border_is_cleared_and_weak_ground_stays(side: str, tmp_path: Path):
    def draw(lines: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        numbers = speckle(1.02 * NOISE)(lines, pixels)  # calm water: hardly more than the noise
        edge = {"left": pixels < 100, "right": pixels >= 900, "top": lines < 100, "bottom": lines >= 900}[side]
        return np.where(edge, 8.0, numbers)

    power = read_part(vv(Grd(noise=NOISE, old_noise=True), tmp_path, draw), WHOLE, WHOLE).sigma_nought(
        0, 0, 1_000, 1_000
    )
    known = np.isfinite({"left": power, "right": power[:, ::-1], "top": power.T, "bottom": power[::-1].T}[side])
    assert not known[:, :100].any()
    assert known[8:-8, 160:].all()


def test_borders_are_those_of_the_image_and_not_of_a_part(tmp_path: Path):
    image = vv(Grd(noise=NOISE, border=100), tmp_path, lambda lines, _: np.full(lines.shape, 100.0))
    whole = read_part(image, WHOLE, WHOLE).sigma_nought(0, 0, 1_000, 1_000)
    part = read_part(image, slice(104, 800), slice(50, 990)).sigma_nought(104, 96, 600, 800)
    assert np.isnan(whole[:, :100]).all()
    np.testing.assert_array_equal(part[:, 64:], whole[104:704, 160:896])


def test_an_image_of_another_size_is_refused(tmp_path: Path):
    image = vv(Grd(), tmp_path, lambda lines, _: lines)
    with pytest.raises(RasterError, match=r"has 1 bands of 1000 x 1000 uint16; the annotation describes one of 999 x"):
        read_part(replace(image, annotation=replace(image.annotation, lines=999)), slice(0, 9), slice(0, 9))


def test_a_damaged_image_is_refused(tmp_path: Path):
    image = vv(Grd(), tmp_path, lambda lines, _: lines)
    content = image.file.read_bytes()
    image.file.write_bytes(content[: len(content) // 2])
    with pytest.raises(RasterError, match="cannot be read"):
        read_part(image, WHOLE, WHOLE)


def test_rasterio_warnings_stay_on(tmp_path: Path):
    image = vv(Grd(), tmp_path, lambda lines, _: lines)
    read_part(image, slice(0, 9), slice(0, 9))
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(image.raster):
        pass
