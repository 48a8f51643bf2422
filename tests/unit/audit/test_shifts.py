import numpy as np
import pytest

from reben.audit.shifts import Shift, shift_between

IMAGE = np.cumsum(np.random.default_rng(0).normal(size=(120, 120)), axis=0)


@pytest.mark.parametrize(("right", "down"), [(1, 0), (-3, 2), (0, -7), (24, 24)])
def test_shifts_are_found(right: int, down: int):
    moved = np.roll(IMAGE, (down, right), (0, 1))
    assert shift_between(IMAGE, moved) == Shift(right, down)
    assert shift_between(IMAGE, 10 - 0.5 * -moved) == Shift(right, down)


def test_images_in_their_place_are_not_shifted():
    noise = np.random.default_rng(1).normal(size=IMAGE.shape)
    assert shift_between(IMAGE, IMAGE) is None
    assert shift_between(IMAGE, IMAGE + noise) is None
    assert shift_between(IMAGE, noise) is None


def test_images_that_cannot_be_compared_are_not_shifted():
    assert shift_between(IMAGE, IMAGE[:60, :60]) is None
    assert shift_between(IMAGE, np.zeros_like(IMAGE)) is None
