"""Checkerboards seen through air that scatters light from square to square."""

import numpy as np
import pytest

from reben.core.grid import TileExtent
from reben.correct.sixs.adjacency import surroundings_of
from reben.correct.sixs.inversion import L2A_SCALE, NODATA, SATURATED, Scale, remove_atmosphere
from reben.correct.sixs.nodes import Nodes
from reben.correct.sixs.tables import Effect

SIDE_M = 7_200
NODES = Nodes(TileExtent("EPSG:32633", 0, 0, SIDE_M))
TOA = Scale(10_000, -1_000)
PATH, GAIN, ALBEDO, SHARE = 0.06, 0.8, 0.12, 0.2


def effect(share: float = SHARE) -> Effect:
    size = (NODES.per_side,) * 2
    return Effect(*(np.full(size, value) for value in (PATH, GAIN, ALBEDO, share)))


def checkerboard(resolution_m: int, square_m: int, low: float = 0.05, high: float = 0.35) -> np.ndarray:
    places = np.arange(SIDE_M // resolution_m) * resolution_m // square_m
    return np.where((places[:, None] + places) % 2, high, low)


def seen(ground: np.ndarray, around: np.ndarray | float, share: float = SHARE) -> np.ndarray:
    """Digital numbers of L1C: light from the pixel and from around it (Vermote et al., 1997, with the same formula)."""
    lifted = ((1 - share) * ground + share * around) / (1 - ALBEDO * around)
    return np.rint((PATH + GAIN * lifted) * 10_000 + 1_000).astype(np.uint16)


def correct(pixels: np.ndarray, resolution_m: int, range_m: float = 1_000, *, threads: int = 1, share: float = SHARE):
    """Reflectance of the ground, and the digital numbers of L2A."""
    numbers = pixels.copy()
    around = surroundings_of(numbers, resolution_m, range_m).around if range_m else None
    remove_atmosphere(numbers, effect(share), NODES, resolution_m, TOA, around=around, threads=threads)
    return L2A_SCALE.reflectance(numbers), numbers


@pytest.mark.parametrize("resolution_m", [10, 20, 60])
def test_a_checkerboard_gets_its_contrast_back(resolution_m):
    ground = checkerboard(resolution_m, 120)
    pixels = seen(ground, ground.mean())
    plain, _ = correct(pixels, resolution_m, 0)
    sharp, _ = correct(pixels, resolution_m)
    inside = slice(1_200 // resolution_m, -1_200 // resolution_m)  # where a square of 2 km holds whole squares
    errors = np.abs(sharp - ground)[inside, inside]
    assert errors.max() < 0.003
    assert np.abs(plain - ground)[inside, inside].min() > 0.02
    assert np.ptp(plain) == pytest.approx(0.8 * 0.3, rel=0.05)


@pytest.mark.parametrize("square_m", [60, 300, 1_200])
@pytest.mark.parametrize("range_m", [60, 500, 1_000, 3_000])
def test_light_is_moved_not_made(square_m, range_m):
    """What bright squares get, dark ones lose: the mean of the linear part stays, away from the border."""
    pixels = seen(checkerboard(20, square_m), 0.2)
    plain, _ = correct(pixels, 20, 0)
    sharp, _ = correct(pixels, 20, range_m)
    assert sharp.mean() == pytest.approx(plain.mean(), abs=0.002)


@pytest.mark.parametrize("level", [0.0, 0.02, 0.3, 0.9])
@pytest.mark.parametrize("resolution_m", [10, 60])
def test_uniform_ground_is_left_alone(level, resolution_m):
    pixels = seen(np.full((SIDE_M // resolution_m,) * 2, level), level)
    _, plain = correct(pixels, resolution_m, 0)
    _, sharp = correct(pixels, resolution_m)
    assert np.abs(plain.astype(int) - sharp).max() <= 1  # of rounding


def test_nothing_scattered_nothing_changed():
    pixels = seen(checkerboard(20, 300), 0.2, share=0)
    _, plain = correct(pixels, 20, 0)
    sharp, _ = correct(pixels, 20, share=0)
    # The sky still throws back what it got from all around, no longer what it got from the pixel itself.
    assert np.abs(L2A_SCALE.reflectance(plain) - sharp).max() < 0.01


def test_gaps_neither_count_nor_change():
    """A dark gap beside uniform ground must not brighten it, nor a saturated roof darken it."""
    pixels = seen(np.full((360, 360), 0.2), 0.2)
    _, whole = correct(pixels, 20)
    pixels[:, 100:200] = NODATA
    pixels[300, 300] = SATURATED
    _, found = correct(pixels, 20)
    assert (found[:, 100:200] == NODATA).all()
    known = (pixels != NODATA) & (pixels != SATURATED)
    assert np.abs(found[known].astype(int) - whole[known]).max() <= 1
    assert found[300, 300] > whole.max()


def test_single_pixels_among_no_data():
    pixels = np.zeros((360, 360), np.uint16)
    pixels[7, 7] = pixels[180, 359] = pixels[359, 0] = 3_000
    _, plain = correct(pixels, 20, 0)
    _, sharp = correct(pixels, 20)
    assert np.abs(plain.astype(int) - sharp).max() <= 1
    assert ((sharp == NODATA) == (pixels == NODATA)).all()


def test_no_data_everywhere():
    _, found = correct(np.zeros((360, 360), np.uint16), 20)
    assert (found == NODATA).all()


def test_means_are_those_of_what_lies_within_the_range():
    """Compared with a plain loop, in the middle, in corners, and beside a gap."""
    draw = np.random.default_rng(5)
    pixels = draw.integers(1_000, 9_000, (360, 360)).astype(np.uint16)
    pixels[draw.random(pixels.shape) < 0.3] = NODATA
    means = surroundings_of(pixels, 20, 300).means
    for row, column in ((0, 0), (60, 60), (119, 3), (119, 119)):
        window = pixels[3 * max(row - 5, 0) : 3 * (row + 6), 3 * max(column - 5, 0) : 3 * (column + 6)]
        assert means[row, column] == pytest.approx(window[window != NODATA].mean(), rel=1e-5)


def test_a_border_has_the_surroundings_that_there_are():
    pixels = np.full((360, 360), 2_000, np.uint16)
    pixels[:, 180:] = 4_000
    means = surroundings_of(pixels, 20, 1_000)
    assert means.means[:, 0] == pytest.approx(np.full(120, 2_000))
    assert means.means[:, -1] == pytest.approx(np.full(120, 4_000))
    row = means.around(slice(5, 6))[0]
    assert row.shape == (360,)
    assert (np.diff(row) >= 0).all()
    assert 2_900 < row[179] < 3_000 < row[180] < 3_100


@pytest.mark.parametrize("resolution_m", [10, 20, 60])
def test_strips_and_threads_make_no_difference(resolution_m):
    pixels = seen(checkerboard(resolution_m, 420), 0.2)
    _, one = correct(pixels, resolution_m)
    _, four = correct(pixels, resolution_m, threads=4)
    assert (one == four).all()
