import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from reben.core.backscatter import FILL_VALUES, HIGHEST_DB, LOWEST_DB, decibels, implausible_value
from reben.io.dataset.paths import DatasetPaths
from reben.io.tiff.geotiff import read_band

_PLAUSIBLE = st.floats(LOWEST_DB, HIGHEST_DB, width=32)


@given(hnp.arrays(np.float32, (3, 4), elements=_PLAUSIBLE))
def test_whatever_lies_in_the_range_is_plausible(pixels: np.ndarray):
    assert implausible_value(pixels) is None


@given(
    hnp.arrays(np.float32, (3, 4), elements=_PLAUSIBLE),
    st.integers(0, 11),
    st.floats(width=32, max_value=-90.5) | st.floats(width=32, min_value=50.5) | st.just(float("nan")),
)
def test_one_value_outside_of_the_range_is_found(pixels: np.ndarray, place: int, wrong: float):
    pixels.flat[place] = wrong
    found = implausible_value(pixels)
    assert found == wrong or (found is not None and np.isnan(found) and np.isnan(wrong))


def test_fill_values_are_implausible():
    for value in FILL_VALUES:
        assert implausible_value(np.array([-12, value], np.float32)) is not None


def test_published_patches_are_plausible(real_patches: DatasetPaths):
    files = list(real_patches.s1.rglob("*.tif"))
    assert len(files) == 24
    assert all(implausible_value(read_band(file)) is None for file in files)


def test_the_floor_of_snap_and_the_brightest_pixel_are_plausible():
    """DN squared of 0.0123 and of 65,535 squared, by the range of annotated calibration factors."""
    for factor in (200.0, 558.4, 663.9):
        power = np.array([0.01234567890 / factor**2, 65_535.0**2 / factor**2])
        assert implausible_value(decibels(power)) is None or factor == 200.0
    assert decibels(np.array([0.01234567890 / 663.9**2])) == pytest.approx(-75.53, abs=0.01)


def test_power_that_is_none_is_no_number():
    found = decibels(np.array([1.0, 0.1, 0.0, -1e-3, 1e-12, np.nan]))
    np.testing.assert_allclose(found[:2], [0, -10], atol=1e-6)
    assert np.isnan(found[2:]).all()
