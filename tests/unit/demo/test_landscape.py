import numpy as np
import pytest

from reben.core.bands import BANDS, S1_BANDS, S2_BANDS
from reben.core.classes import CLC2018
from reben.demo import landscape


def test_land_cover_does_not_depend_on_the_window_through_which_one_looks():
    whole = landscape.land_cover(0, 0, 240)
    for left, top in ((0, 0), (120, 0), (60, 120)):
        np.testing.assert_array_equal(landscape.land_cover(left, top, 120), whole[top : top + 120, left : left + 120])


def test_every_code_is_part_of_the_legend_and_all_classes_occur():
    legend = {entry.code: entry.class_name for entry in CLC2018.entries}
    assert set(landscape.COVERS) <= set(legend)
    assert {legend[code] for code in landscape.COVERS} - {None} == set(CLC2018.class_names)


def test_shares_of_every_mosaic_add_up():
    for cover in landscape.COVERS.values():
        assert sum(share for _, share in cover.mosaic) == pytest.approx(1)
        assert all(len(material.reflectance) == len(S2_BANDS) for material, _ in cover.mosaic)


def test_bands_have_the_published_sizes_and_types_and_no_invalid_pixel():
    codes = landscape.land_cover(0, 0, 120)
    native = landscape.at_native_resolution(landscape.appearance(codes, 0, 0, seed=1))
    assert set(native) == set(BANDS)
    for name, pixels in native.items():
        assert pixels.shape == (BANDS[name].side_px(),) * 2
        assert pixels.dtype == BANDS[name].numpy_dtype
    assert all(native[name].min() > 0 for name in S2_BANDS)
    assert all(np.isfinite(native[name]).all() for name in S1_BANDS)


def test_images_depend_on_land_cover():
    water, forest = (landscape.appearance(np.full((120, 120), code, np.uint16), 0, 0, seed=1) for code in (512, 311))
    assert water["B08"].mean() < forest["B08"].mean() / 5
    assert water["VV"].mean() < forest["VV"].mean() - 5


def test_equal_seeds_give_equal_noise():
    codes = landscape.land_cover(0, 0, 120)
    one, same, other = (landscape.appearance(codes, 0, 0, seed=seed)["B02"] for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).any()


def test_clouds_hide_the_ground_from_sentinel_2_only():
    codes = np.full((120, 120), 512, np.uint16)
    clear, cloudy = (landscape.appearance(codes, 0, 0, seed=1) for _ in range(2))
    landscape.cover_with_cloud(cloudy, seed=1)
    assert cloudy["B02"].max() > 7000 > clear["B02"].max()
    np.testing.assert_array_equal(cloudy["VV"], clear["VV"])
