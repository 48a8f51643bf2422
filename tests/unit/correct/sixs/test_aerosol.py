import numpy as np
import pytest

from reben.correct.sixs.aerosol import SHARES, find_aerosol, root_of_falling
from reben.correct.sixs.overview import Overview
from reben.correct.sixs.tables import Air, Directions, load_tables

TABLES, _ = load_tables("S2A")
SHAPE = (3, 3)
WHERE = Directions(np.full(SHAPE, 0.75), np.full(SHAPE, 0.08), np.full(SHAPE, 0.1))
AIR = Air(0.12, np.full(SHAPE, 1.5), 0.33, np.full(SHAPE, 1013.0))


def overview_of(aot, *, pixels: int = 100, blue=SHARES["B02"], red=SHARES["B04"], shape=SHAPE) -> Overview:
    """Forest whose blue and red are such shares of the short-wave infrared, under so much haze; each may differ."""
    infrared = np.full(shape, 0.06)
    ground = {"B02": blue * infrared, "B04": red * infrared, "B12": infrared}
    air = Air(aot, AIR.water_g_cm2, AIR.ozone_cm_atm, AIR.pressure_hpa)
    seen = {band: TABLES.effect(band, WHERE, air).seen(value) for band, value in ground.items()}
    return Overview(
        {"dark vegetation": np.full(shape, float(pixels))},
        {("dark vegetation", band): values * pixels for band, values in seen.items()},
    )


@pytest.mark.parametrize("aot", [0.05, 0.2, 0.5])
def test_the_haze_that_was_put_there_is_found(aot):
    found = find_aerosol(overview_of(aot), TABLES, WHERE, AIR, forecast=None)
    assert found.value == pytest.approx(aot, abs=0.01)
    assert (found.source, found.cells, found.fallback) == ("dark vegetation", 9, False)


def test_brighter_vegetation_is_taken_for_haze():
    """How much the assumption matters: a twentieth of the infrared (0.003 of reflectance) more in red and blue."""
    bright = overview_of(0.2, blue=SHARES["B02"] + 0.05, red=SHARES["B04"] + 0.05)
    found = find_aerosol(bright, TABLES, WHERE, AIR, forecast=None)
    assert not found.fallback
    assert 0.22 < found.value < 0.3


@pytest.mark.parametrize(
    ("haze", "blue", "red", "bright"),
    [
        pytest.param(0.0, 0.2, 0.3, 0, id="darker than the clearest air allows"),
        pytest.param(0.79, 0.9, 1.2, 9, id="brighter than the haziest air makes it"),
        pytest.param(0.3, SHARES["B02"], 1.5, 9, id="red beyond the tables"),
        pytest.param(0.7, 1.2, SHARES["B04"], 9, id="blue beyond the tables"),
        pytest.param(0.05, 0.1, SHARES["B04"], 0, id="blue too dark for any air"),
    ],
)
@pytest.mark.parametrize("forecast", [None, 0.31])
def test_what_no_haze_explains_is_not_found(haze, blue, red, bright, forecast):
    found = find_aerosol(overview_of(haze, blue=blue, red=red), TABLES, WHERE, AIR, forecast=forecast)
    assert (found.value, found.source) == ((0.2, "default") if forecast is None else (0.31, "forecast in the product"))
    assert (found.fallback, found.cells) == (True, 0)
    assert found.reason == (
        f"dark vegetation in 9 cells: {bright} too bright for the haziest air in the tables, {9 - bright} too dark for "
        "any, 0 with another haze in blue than in red, 0 believed"
    )


def test_blue_and_red_must_agree():
    """Red that is a fifth of the infrared brighter asks for far more haze than blue does, if for some in the tables."""
    found = find_aerosol(overview_of(0.15, red=SHARES["B04"] + 0.2), TABLES, WHERE, AIR, forecast=None)
    assert (found.source, found.cells, found.fallback) == ("default", 0, True)
    assert "0 too dark for any, 9 with another haze in blue than in red, 0 believed" in found.reason


@pytest.mark.parametrize(
    ("good", "others", "fallback"),
    [
        (9, 1.5, False), (5, 1.5, False), (4, 1.5, True), (3, 1.5, True), (0, 1.5, True),
        (5, 0.0, False), (4, 0.0, False), (3, 0.0, True), (0, 0.0, True),
    ],
)  # fmt: skip
def test_cells_without_a_root_do_not_count(good, others, fallback):
    """Four are needed, and no fewer than are too bright for the tables; too dark ones are only left out."""
    red = np.full(9, others)
    red[:good] = SHARES["B04"]
    found = find_aerosol(overview_of(0.25, red=red.reshape(SHAPE)), TABLES, WHERE, AIR, forecast=None)
    assert (found.cells, found.fallback) == (good, fallback)
    assert found.value == pytest.approx(0.2 if fallback else 0.25, abs=0.01)


def test_without_dark_vegetation_the_forecast_is_taken_else_a_default():
    bare = overview_of(0.2, pixels=3)
    forecast = find_aerosol(bare, TABLES, WHERE, AIR, forecast=0.31)
    default = find_aerosol(bare, TABLES, WHERE, AIR, forecast=None)
    assert (forecast.value, forecast.source, forecast.fallback) == (0.31, "forecast in the product", True)
    assert (default.source, default.fallback) == ("default", True)
    assert "in 0 cells" in default.reason
    beyond = find_aerosol(bare, TABLES, WHERE, AIR, forecast=3.0)
    assert beyond.value == TABLES.largest_aot
    assert beyond.source == "forecast in the product, 3.00, cut to the end of the tables"


def test_roots_lie_between_candidates_or_nowhere():
    values = np.array([[3.0, -1.0, 5.0, 0.0, 1.0, np.nan], [-1.0, -2.0, 4.0, -1.0, 0.0, np.nan]])
    assert root_of_falling(values, np.array([0.0, 4.0])).tolist() == pytest.approx([3, *[np.nan] * 5], nan_ok=True)


def test_no_root_is_the_end_of_the_candidates():
    draw = np.random.default_rng(3)
    values = draw.normal(size=(5, 2_000)).cumsum(axis=0)
    roots = root_of_falling(values, np.arange(5.0))
    found = np.isfinite(roots)
    assert 0 < roots[found].min() <= roots[found].max() < 4
    assert (found == ((values[0] > 0) & (values.min(axis=0) < 0))).all()
