import numpy as np
import pytest

from reben.core.bands import MSI_RESOLUTIONS_M
from reben.correct.sixs.inversion import Scale
from reben.correct.sixs.scene import LOOKED_AT, SceneClass, classify, consists_of, shares

SIDE_M = 7_200
SCALE = Scale(10_000, 0)
SPECTRA = {  # B02 B03 B04 B8A B10 B11 B12 above the atmosphere
    SceneClass.VEGETATION: (0.08, 0.08, 0.05, 0.35, 0.001, 0.15, 0.07),
    SceneClass.BARE: (0.13, 0.14, 0.17, 0.24, 0.001, 0.32, 0.27),
    SceneClass.WATER: (0.10, 0.07, 0.04, 0.03, 0.001, 0.01, 0.01),
    SceneClass.DARK: (0.06, 0.05, 0.05, 0.06, 0.001, 0.05, 0.03),
    SceneClass.SNOW: (0.75, 0.75, 0.74, 0.7, 0.001, 0.12, 0.1),
    SceneClass.CLOUD_HIGH: (0.6, 0.6, 0.6, 0.6, 0.004, 0.5, 0.4),
    SceneClass.CLOUD_MEDIUM: (0.32, 0.31, 0.31, 0.34, 0.003, 0.3, 0.25),
    SceneClass.CIRRUS: (0.12, 0.12, 0.12, 0.3, 0.02, 0.25, 0.2),
}


def scene(kind: SceneClass) -> dict[str, np.ndarray]:
    return {
        band: np.full((SIDE_M // MSI_RESOLUTIONS_M[band],) * 2, round(value * 10_000), np.uint16)
        for band, value in zip(LOOKED_AT, SPECTRA[kind], strict=True)
    }


def paint(bands: dict[str, np.ndarray], kind: SceneClass, left_m: int, top_m: int, side_m: int) -> None:
    for band, value in zip(LOOKED_AT, SPECTRA[kind], strict=True):
        px = MSI_RESOLUTIONS_M[band]
        bands[band][top_m // px : (top_m + side_m) // px, left_m // px : (left_m + side_m) // px] = value * 10_000


def classes_of(bands, zenith_deg=45.0, azimuth_deg=135.0, threads=1):
    scales = dict.fromkeys(LOOKED_AT, SCALE)
    sun = {"sun_zenith_rad": np.radians(zenith_deg), "sun_azimuth_rad": np.radians(azimuth_deg)}
    return classify(bands, scales, **sun, threads=threads)


@pytest.mark.parametrize("kind", SPECTRA, ids=lambda kind: kind.name)
def test_typical_grounds(kind):
    assert (classes_of(scene(kind)) == kind).all()


def test_no_data_and_saturation_overrule_everything():
    bands = scene(SceneClass.VEGETATION)
    bands["B02"][0, 0] = 0  # one of four 10 m pixels
    bands["B10"][5, 5] = 0  # nine 20 m pixels
    bands["B12"][200, 100] = 65_535
    classes = classes_of(bands)
    assert classes[0, 0] == SceneClass.NODATA
    assert (classes[15:18, 15:18] == SceneClass.NODATA).all()
    assert classes[200, 100] == SceneClass.SATURATED
    assert (classes == SceneClass.VEGETATION).sum() == 360 * 360 - 11


def test_a_cloud_s_shadow_lies_away_from_the_sun():
    bands = scene(SceneClass.VEGETATION)
    paint(bands, SceneClass.CLOUD_HIGH, 4_200, 4_200, 600)
    paint(bands, SceneClass.DARK, 3_000, 3_000, 600)  # north-west of the cloud
    paint(bands, SceneClass.DARK, 6_000, 6_000, 600)  # south-east of it
    classes = classes_of(bands, azimuth_deg=135)  # the sun is in the south-east
    assert (classes[150:180, 150:180] == SceneClass.CLOUD_SHADOW).mean() > 0.9
    assert (classes[300:330, 300:330] == SceneClass.DARK).all()


def test_threads_do_not_change_the_result():
    bands = scene(SceneClass.BARE)
    for band in bands:
        bands[band] = np.random.default_rng(1).integers(0, 9_000, bands[band].shape).astype(np.uint16)
    assert (classes_of(bands) == classes_of(bands, threads=4)).all()


def test_offset_and_quantification_count():
    bands = {band: pixels + np.uint16(1_000) for band, pixels in scene(SceneClass.WATER).items()}
    scales = dict.fromkeys(LOOKED_AT, Scale(10_000, -1_000))
    assert (classify(bands, scales, sun_zenith_rad=0.5, sun_azimuth_rad=2) == SceneClass.WATER).all()


def test_pure_pixels_and_shares():
    classes = np.full((6, 6), SceneClass.BARE, np.uint8)
    classes[4, 1] = SceneClass.WATER
    assert consists_of(classes, SceneClass.BARE).tolist() == [[True, True], [False, True]]
    assert consists_of(classes, SceneClass.BARE, SceneClass.WATER).all()
    assert shares(classes)["bare"] == pytest.approx(35 / 36)
    assert sum(shares(classes).values()) == pytest.approx(1)
