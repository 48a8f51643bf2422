import numpy as np
import pytest

from reben.core.grid import TileExtent
from reben.correct.sixs.inversion import L2A_SCALE, NODATA, SATURATED, Scale, add_atmosphere, remove_atmosphere
from reben.correct.sixs.nodes import Nodes
from reben.correct.sixs.tables import Effect

NODES = Nodes(TileExtent("EPSG:32633", 0, 0, 4_800))
TOA = Scale(10_000, -1_000)


def effect_of(path: float, gain: float, albedo: float) -> Effect:
    return Effect(*(np.full((4, 4), value) for value in (path, gain, albedo)))


@pytest.mark.parametrize("threads", [1, 3])
def test_each_pixel_is_inverted_by_the_formula(threads):
    effect = effect_of(0.06, 0.8, 0.12)
    seen = np.linspace(0.07, 0.9, 480 * 480).reshape(480, 480)
    pixels = np.rint(seen * 10_000 + 1_000).astype(np.uint16)
    expected = Effect(np.array(0.06), np.array(0.8), np.array(0.12)).surface((pixels.astype(float) - 1_000) / 10_000)
    remove_atmosphere(pixels, effect, NODES, 10, TOA, threads=threads)
    assert np.abs(L2A_SCALE.reflectance(pixels) - expected).max() < 0.0001


def test_no_data_stays_and_nothing_else_becomes_it():
    pixels = np.full((80, 80), 1_010, np.uint16)  # darker than the path: reflectance below 0
    pixels[3, 4], pixels[5, 6] = NODATA, SATURATED
    remove_atmosphere(pixels, effect_of(0.5, 0.3, 0.1), NODES, 60, TOA)
    assert pixels[3, 4] == NODATA
    assert (pixels == NODATA).sum() == 1
    assert pixels[0, 0] == 1
    assert 10_000 < pixels[5, 6] < SATURATED


def test_between_nodes_the_atmosphere_changes_gradually():
    path = np.tile(np.array([0.0, 0.1, 0.2, 0.3]), (4, 1))
    effect = Effect(path, np.ones((4, 4)), np.zeros((4, 4)))
    pixels = np.full((80, 80), 6_000, np.uint16)
    remove_atmosphere(pixels, effect, NODES, 60, TOA)
    row = L2A_SCALE.reflectance(pixels)[0]
    inside = np.diff(row[10:70])
    assert row[:10] == pytest.approx(np.full(10, 0.5), abs=1e-4)  # constant beyond the outermost nodes
    assert inside == pytest.approx(np.full(59, -0.1 / 20), abs=2e-4)
    assert (pixels == pixels[0]).all()


def test_there_and_back():
    draw = np.random.default_rng(0)
    ground = draw.integers(1, 9_000, (240, 240)).astype(np.uint16)
    ground[:5] = NODATA
    effect = Effect(*(draw.uniform(low, high, (4, 4)) for low, high in ((0.05, 0.06), (0.80, 0.82), (0.10, 0.11))))
    pixels = ground.copy()
    add_atmosphere(pixels, effect, NODES, 20, TOA)
    assert (pixels[5:] > 1_000).all()
    remove_atmosphere(pixels, effect, NODES, 20, TOA)
    # Slope and intercept are what is interpolated on the way back, path and gain on the way there.
    assert np.abs(pixels[5:].astype(int) - 1_000 - ground[5:]).max() <= 4
    assert (pixels[:5] == NODATA).all()
