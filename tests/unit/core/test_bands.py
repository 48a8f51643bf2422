from collections.abc import Sequence

import numpy as np
import pytest

from reben.core.bands import BAND_SETS, BANDS, S1_BANDS, S2_BANDS, TRUE_COLOUR, Band, select_bands, true_colour_names
from reben.core.errors import BandError


@pytest.mark.parametrize(
    ("names", "side_px", "dtype"),
    [
        ("B02 B03 B04 B08", 120, "<u2"),
        ("B05 B06 B07 B8A B11 B12", 60, "<u2"),
        ("B01 B09", 20, "<u2"),
        ("VV VH", 120, "<f4"),
    ],
)
def test_bands_have_the_published_sizes_and_types(names: str, side_px: int, dtype: str) -> None:
    for name in names.split():
        assert BANDS[name].side_px() == side_px
        assert BANDS[name].numpy_dtype == np.dtype(dtype)


def test_there_are_twelve_s2_and_two_s1_bands_and_no_b10() -> None:
    assert len(S2_BANDS) == 12
    assert S1_BANDS == ("VV", "VH")
    assert set(BANDS) == {*S2_BANDS, *S1_BANDS}
    assert "B10" not in BANDS


def test_band_sets_have_the_channel_order_of_the_published_weights() -> None:
    s2 = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
    assert {"s1": ("VV", "VH"), "s2": s2, "all": ("VV", "VH", *s2)} == BAND_SETS


@pytest.mark.parametrize(("patch_size_m", "name", "side_px"), [(600, "B02", 60), (60, "B01", 1), (2400, "B05", 120)])
def test_side_follows_the_patch_size(patch_size_m: int, name: str, side_px: int) -> None:
    assert BANDS[name].side_px(patch_size_m) == side_px


@pytest.mark.parametrize(("name", "patch_size_m"), [("B01", 100), ("B02", 1205), ("B02", 0), ("B02", -1200)])
def test_patch_size_must_be_a_positive_multiple_of_the_pixel_size(name: str, patch_size_m: int) -> None:
    with pytest.raises(BandError, match=rf"patch size {patch_size_m} m.*{name}.*{BANDS[name].resolution_m} m"):
        BANDS[name].side_px(patch_size_m)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("s1", ["VV", "VH"]),
        ("B04,B03,B02", ["B04", "B03", "B02"]),
        ("B04, B8A", ["B04", "B8A"]),
        (["B12", "VV"], ["B12", "VV"]),
        ("B01", ["B01"]),
    ],
)
def test_bands_are_selected_in_the_given_order(selection: str | Sequence[str], expected: list[str]) -> None:
    assert [band.name for band in select_bands(selection)] == expected


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        ("B10", "'B10'"),
        ("s3", "'s3'"),
        (["B02", "b3", "B99"], "'b3', 'B99'"),
        ("B02,,B03", "''"),
        ("", "''"),
        ([], "no band given"),
    ],
)
def test_unknown_bands_are_named_and_the_hint_lists_the_known(selection: str | Sequence[str], message: str) -> None:
    with pytest.raises(BandError, match=message) as caught:
        select_bands(selection)
    assert "s1, s2, all" in caught.value.hint
    assert "B8A" in caught.value.hint


def test_a_band_given_twice_is_refused() -> None:
    with pytest.raises(BandError, match=r"B02, B03, B02.*twice"):
        select_bands("B02,B03,B02")


@pytest.mark.parametrize("spelled", ["rgb", "RGB", "Rgb", "all", "ALL"])
@pytest.mark.parametrize("names", [("Red", "Green", "Blue"), ("red", "green", "blue")])
def test_sets_of_other_data_sets_are_found_however_they_are_spelled(spelled: str, names: tuple[str, ...]) -> None:
    among = {name: Band(name, "s2", 10, "uint8") for name in names}
    assert [band.name for band in select_bands(spelled, among)] == list(names)
    assert true_colour_names(names) == names


def test_true_colour_of_what_lacks_a_band_is_none() -> None:
    assert true_colour_names(["B02", "B03", "Red", "Blue"]) is None
    assert true_colour_names(["VV", *TRUE_COLOUR]) == TRUE_COLOUR
