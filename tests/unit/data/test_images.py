"""The definition of an image, worked out by hand; `test_preparation` holds its fast versions against it."""

import numpy as np
import pytest

from reben.core.errors import BandError
from reben.data.images import image_of, raw_image_of, upsampled
from reben.data.normalisation import Normalisation

COARSE, FINE = np.array([[1, 2], [3, 4]], np.uint16), np.arange(16, dtype=np.float32).reshape(4, 4)


def test_pixels_are_repeated():
    assert upsampled(COARSE, side_px=4).tolist() == [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]]
    assert upsampled(FINE, side_px=4).tolist() == FINE.tolist()


def test_each_band_has_its_mean_and_scale():
    chosen = Normalisation(np.array([1, 2], np.float32), np.array([2, 4], np.float32))
    image = image_of([COARSE, FINE], chosen, side_px=4)
    assert (image.dtype, image.shape) == (np.float32, (2, 4, 4))
    assert image[0, ::2, ::2].tolist() == [[0, 0.5], [1, 1.5]]
    np.testing.assert_array_equal(image[1], (FINE - 2) / 4)


def test_the_mean_is_subtracted_before_the_scale_is_multiplied():
    """Dividing, or joining both numbers into one multiplication and one addition, would give other bits."""
    mean, std = np.float32(438.3721), np.float32(607.0269)
    pixels = np.arange(2500, dtype=np.uint16).reshape(50, 50)
    found = image_of([pixels], Normalisation(np.array([mean]), np.array([std])), side_px=50)[0]
    np.testing.assert_array_equal(found, (pixels.astype(np.float32) - mean) * (np.float32(1) / std))
    assert (found != (pixels.astype(np.float32) - mean) / std).any()


def test_what_does_not_fit_is_refused():
    with pytest.raises(BandError, match="a band of 2 rows cannot be upsampled to an image of 5 rows"):
        upsampled(COARSE, side_px=5)
    with pytest.raises(BandError, match="a band of 0 rows"):
        upsampled(COARSE[:0], side_px=4)
    with pytest.raises(BandError, match="do not cover the same ground"):
        raw_image_of([COARSE, FINE[:, :3]], side_px=4)
