import numpy as np
import pytest

from reben.correct.aerosol import find_aerosol, root_of_falling
from reben.correct.overview import Overview
from reben.correct.tables import Air, Directions, load_tables

TABLES, _ = load_tables("S2A")
SHAPE = (3, 3)
WHERE = Directions(np.full(SHAPE, 0.75), np.full(SHAPE, 0.08), np.full(SHAPE, 0.1))
AIR = Air(0.12, np.full(SHAPE, 1.5), 0.33, np.full(SHAPE, 1013.0))


def overview_of(aot: float, *, pixels: int = 100, red_share: float = 0.5) -> Overview:
    """Forest whose red and blue are `red_share` and a quarter of the short-wave infrared, under so much haze."""
    infrared = 0.06
    ground = {"B02": 0.25 * infrared, "B04": red_share * infrared, "B12": infrared}
    air = Air(aot, AIR.water_g_cm2, AIR.ozone_cm_atm, AIR.pressure_hpa)
    seen = {band: TABLES.effect(band, WHERE, air).seen(value) for band, value in ground.items()}
    return Overview(
        {"dark vegetation": np.full(SHAPE, float(pixels))},
        {("dark vegetation", band): values * pixels for band, values in seen.items()},
    )


@pytest.mark.parametrize("aot", [0.05, 0.2, 0.5])
def test_the_haze_that_was_put_there_is_found(aot):
    found = find_aerosol(overview_of(aot), TABLES, WHERE, AIR, forecast=None)
    assert found.value == pytest.approx(aot, abs=0.01)
    assert (found.source, found.cells, found.fallback) == ("dark vegetation", 9, False)


def test_redder_vegetation_is_taken_for_haze():
    """How much the assumption matters: a tenth of the infrared more in red."""
    found = find_aerosol(overview_of(0.2, red_share=0.6), TABLES, WHERE, AIR, forecast=None)
    assert 0.21 < found.value < 0.35


def test_air_cannot_be_clearer_than_clear_nor_hazier_than_the_tables():
    clear = find_aerosol(overview_of(0.0, red_share=0.2), TABLES, WHERE, AIR, forecast=None)
    hazy = find_aerosol(overview_of(0.8, red_share=1.5), TABLES, WHERE, AIR, forecast=None)
    assert clear.value == 0
    assert hazy.value == TABLES.largest_aot


def test_without_dark_vegetation_the_forecast_is_taken_else_a_default():
    bare = overview_of(0.2, pixels=3)
    forecast = find_aerosol(bare, TABLES, WHERE, AIR, forecast=0.31)
    default = find_aerosol(bare, TABLES, WHERE, AIR, forecast=None)
    assert (forecast.value, forecast.source, forecast.fallback) == (0.31, "forecast in the product", True)
    assert (default.source, default.fallback) == ("default", True)
    assert find_aerosol(bare, TABLES, WHERE, AIR, forecast=3.0).value == TABLES.largest_aot


def test_roots_between_before_and_after_the_candidates():
    values = np.array([[3.0, -1.0, 5.0, 0.0], [-1.0, -2.0, 4.0, -1.0]])
    assert root_of_falling(values, np.array([0.0, 4.0])).tolist() == [3, 0, 4, 0]
