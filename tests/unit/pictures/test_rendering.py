import numpy as np
import pytest

from reben.core.classes import CLC2018
from reben.core.errors import BandError
from reben.pictures.rendering import (
    UNLABELLED_COLOUR,
    class_colours,
    composite,
    legend_entries,
    page_columns,
    radar_colour,
    rgb_of,
    true_colour,
)


def test_one_stretch_for_all_pictures():
    dark, light = np.full((2, 2, 3), 300, np.uint16), np.full((2, 2, 3), 1500, np.uint16)
    together = true_colour(np.concatenate([dark, light]))
    np.testing.assert_array_equal(together[:2], true_colour(dark))
    assert 0.2 < true_colour(dark)[0, 0, 0] < 0.4 < true_colour(light)[0, 0, 0] < 0.9
    assert true_colour(np.full((1, 1, 3), 60_000, np.uint16)).max() == 1
    assert true_colour(np.zeros((1, 1, 3), np.uint16)).max() == 0


def test_bytes_are_shown_as_they_are():
    np.testing.assert_allclose(true_colour(np.full((1, 1, 3), 51, np.uint8)), 0.2)


def test_water_is_dark_and_cities_are_bright():
    vv, vh = np.array([[-21.0, 0.0]]), np.array([[-30.0, -6.0]])
    water, city = radar_colour(vv, vh)[0]
    assert water[:2].max() < 0.1
    assert city[:2].min() > 0.9


def test_unlabelled_pixels_are_seen_and_named():
    classes = np.array([[0, -1]], np.int8)
    image = class_colours(classes, CLC2018)
    np.testing.assert_allclose(image[0, 0], np.array(CLC2018.class_colours[0]) / 255)
    np.testing.assert_allclose(image[0, 1], UNLABELLED_COLOUR)
    entries = legend_entries([classes, np.array([[3]], np.int8)], CLC2018)
    assert [name for _, name in entries] == [CLC2018.class_names[0], CLC2018.class_names[3], "Unlabelled"]


@pytest.mark.parametrize(("panels", "columns"), [(1, 1), (2, 2), (6, 3), (21, 4), (200, 6)])
def test_sheets_have_the_shape_of_a_page(panels: int, columns: int):
    assert page_columns(panels) == columns


def test_patches_of_other_data_sets_have_colours():
    tensors = {name: np.full((2, 2), number, np.uint8) for number, name in enumerate(("blue", "Red", "GREEN"))}
    assert rgb_of("p", tensors)[0, 0].tolist() == [1, 2, 0]
    with pytest.raises(BandError, match="p: cannot be shown in true colour, it has VV, VH"):
        rgb_of("p", {"VV": np.zeros((2, 2)), "VH": np.zeros((2, 2))})


def test_any_three_bands_or_one():
    tensors = {
        "B04": np.full((4, 4), 2500, np.uint16),
        "B08": np.full((4, 4), 2500, np.uint16),
        "B11": np.arange(4, dtype=np.uint16).reshape(2, 2),
        "VV": np.full((4, 4), -12, np.float32),
        "dem": np.array([[0.0, 10.0]] * 2),
    }
    red, infrared, short_wave = np.moveaxis(composite(tensors, ("B04", "B08", "B11")), -1, 0)
    assert red.min() == 1
    assert 0.5 < infrared.min() < 1
    assert short_wave.shape == (4, 4)
    np.testing.assert_allclose(composite(tensors, ("VV",)), 0.5)
    assert composite(tensors, ("dem",))[0].tolist() == [[0, 0, 0], [1, 1, 1]]
    with pytest.raises(BandError, match="2 bands are no picture"):
        composite(tensors, ("B04", "B08"))
    with pytest.raises(BandError, match="'B12' is not in the patch"):
        composite(tensors, ("B04", "B12", "B08"))
