import numpy as np
import pytest

from reben.tile.sentinel1.grd.geoid import undulation_m


@pytest.mark.parametrize(
    ("longitude", "latitude", "expected_m"),
    [(12.5, 42.0, 48.6), (78.75, 4.75, -106.9), (0.0, 90.0, 13.6), (0.0, -90.0, -29.5), (-180.0, 10.0, 12.7)],
    ids=["Rome", "south of India, the lowest", "north pole", "south pole", "180th meridian"],
)
def test_known_heights(longitude: float, latitude: float, expected_m: float):
    assert undulation_m(np.array(longitude), np.array(latitude)) == pytest.approx(expected_m, abs=0.15)


def test_it_is_continuous_across_the_180th_meridian():
    around = undulation_m(np.array([179.9999, 180.0, -180.0, -179.9999]), np.full(4, -17.3))
    assert np.ptp(around) < 0.01


def test_between_nodes_it_is_bilinear():
    corners = undulation_m(np.array([10.0, 10.25, 10.0, 10.25]), np.array([47.0, 47.0, 47.25, 47.25]))
    assert undulation_m(np.array(10.125), np.array(47.125)) == pytest.approx(corners.mean())
