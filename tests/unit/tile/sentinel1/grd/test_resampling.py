import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from reben.tile.sentinel1.grd.resampling import bilinear


@given(st.integers(2, 9), st.integers(2, 9), st.randoms(use_true_random=False))
def test_a_plane_stays_a_plane(height: int, width: int, random: object):
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    at = (
        np.float32([random.uniform(0, height - 1) for _ in range(20)]),
        np.float32([random.uniform(0, width - 1) for _ in range(20)]),
    )
    np.testing.assert_allclose(bilinear(3 * rows - 2 * columns + 1, *at), 3 * at[0] - 2 * at[1] + 1, atol=1e-4)


def test_pixels_reach_half_their_side_beyond_the_outermost_centres():
    image = np.float32([[1, 2], [3, 4]])
    assert bilinear(image, np.float32([-0.4, 1.4]), np.float32([-0.4, 1.4])).tolist() == [1, 4]


def test_a_pixel_without_value_takes_it_from_all_around():
    image = np.ones((5, 5), np.float32)
    image[2, 2] = np.nan
    rows, columns = np.mgrid[0.5:4, 0.5:4].astype(np.float32)
    assert np.argwhere(np.isnan(bilinear(image, rows, columns))).tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
