import numpy as np
import pytest

from reben.core.grid import TileExtent
from reben.correct.sixs.nodes import CELL_M, Nodes, block_means, cell_sums, linear_weights
from reben.io.safe.angles import DirectionGrid, TileAngles


def grid_of(zenith_deg: float, azimuth_deg: float) -> DirectionGrid:
    sine = np.full((5, 5), np.sin(np.radians(zenith_deg)))
    azimuth = np.radians(azimuth_deg)
    return DirectionGrid(sine * np.sin(azimuth), sine * np.cos(azimuth), 5_000)


@pytest.fixture
def nodes() -> Nodes:
    return Nodes(TileExtent("EPSG:32633", 300_000, 5_400_000, 9_000))


def test_the_last_cell_may_be_incomplete(nodes: Nodes):
    assert nodes.per_side == 8
    assert nodes.offsets_m[0] == CELL_M / 2


@pytest.mark.parametrize(("view_azimuth", "along", "across"), [(150, 1, 0), (330, -1, 0), (240, 0, 1)])
def test_the_azimuth_between_sun_and_satellite(nodes: Nodes, view_azimuth, along, across):
    found = nodes.directions(TileAngles(grid_of(40, 150), {"B02": grid_of(10, view_azimuth)}), "B02")
    sine = np.sin(np.radians(10))
    assert found.sun_cosine == pytest.approx(np.full((8, 8), np.cos(np.radians(40))))
    assert found.view_along == pytest.approx(np.full((8, 8), along * sine))
    assert np.abs(found.view_across) == pytest.approx(np.full((8, 8), across * sine), abs=1e-9)


def test_angles_are_interpolated_between_the_points_of_their_grid(nodes: Nodes):
    slope = np.tile(np.arange(5) * 0.1, (5, 1))
    found = nodes.directions(
        TileAngles(DirectionGrid(slope, np.zeros((5, 5)), 5_000), {"B02": grid_of(5, 0)}), "B02"
    ).sun_cosine
    assert found[0] == pytest.approx(np.sqrt(1 - (nodes.offsets_m / 5_000 * 0.1) ** 2))
    assert (found == found[0]).all()


def test_weights_add_up_to_one_inside_and_outside():
    weights = linear_weights(np.array([-3, 0, 0.4, 1, 9]), 2)
    assert weights.sum(axis=1) == pytest.approx(np.ones(5))
    assert linear_weights(np.array([0.0, 2.0]), 1).tolist() == [[1], [1]]


def test_sums_of_cells():
    pixels = np.arange(50 * 50, dtype=np.uint16).reshape(50, 50)
    sums = cell_sums(pixels)
    assert sums.shape == (3, 3)
    assert sums[0, 1] == pixels[:20, 20:40].sum()
    assert sums[2, 2] == pixels[40:, 40:].sum()


def test_means_of_blocks():
    pixels = np.random.default_rng(0).integers(0, 60_000, (12, 12)).astype(np.uint16)
    assert block_means(pixels, 3) == pytest.approx(pixels.reshape(4, 3, 4, 3).mean(axis=(1, 3)))
    assert block_means(pixels, 1) == pytest.approx(pixels)
