import numpy as np
import pytest

from reben.core.bands import MSI_RESOLUTIONS_M
from reben.correct.sixs.inversion import Scale
from reben.correct.sixs.overview import survey
from reben.correct.sixs.scene import SceneClass

SIDE_M = 2_400


def survey_of(classes: np.ndarray, **digital_numbers: int):
    values = {"B02": 900, "B04": 500, "B8A": 3_500, "B09": 1_800, "B12": 700} | digital_numbers
    bands = {band: np.full((SIDE_M // MSI_RESOLUTIONS_M[band],) * 2, n, np.uint16) for band, n in values.items()}
    return survey(bands, dict.fromkeys(bands, Scale(10_000, 0)), classes)


def test_forest_is_land_and_dark_vegetation():
    found = survey_of(np.full((120, 120), SceneClass.VEGETATION, np.uint8))
    assert found.counts["land"].tolist() == [[400, 400], [400, 400]]
    assert found.counts["dark vegetation"].tolist() == [[400, 400], [400, 400]]
    assert found.mean("land", "B09") == pytest.approx(np.full((2, 2), 0.18))
    assert found.mean("dark vegetation", "B12") == pytest.approx(np.full((2, 2), 0.07))


@pytest.mark.parametrize("numbers", [{"B12": 2_000}, {"B12": 50}, {"B04": 2_000}])
def test_bright_wet_and_sparse_vegetation_is_not_dark_dense_vegetation(numbers):
    found = survey_of(np.full((120, 120), SceneClass.VEGETATION, np.uint8), **numbers)
    assert found.counts["land"].all()
    assert not found.counts["dark vegetation"].any()


def test_clouds_and_mixed_pixels_are_neither():
    classes = np.full((120, 120), SceneClass.CLOUD_HIGH, np.uint8)
    classes[:60, :60] = SceneClass.VEGETATION
    classes[0, 0] = SceneClass.CIRRUS  # one of nine in a 60 m pixel
    found = survey_of(classes)
    assert found.counts["land"].tolist() == [[399, 0], [0, 0]]
    assert found.mean("land", "B8A")[1, 1] == 0
