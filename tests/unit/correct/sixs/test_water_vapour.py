import numpy as np
import pytest

from reben.correct.sixs.overview import Overview
from reben.correct.sixs.tables import Air, Directions, load_tables
from reben.correct.sixs.water_vapour import find_water_vapour

TABLES, _ = load_tables("S2B")
SHAPE = (6, 6)
WHERE = Directions(np.full(SHAPE, 0.6), np.full(SHAPE, 0.08), np.full(SHAPE, 0.1))
AIR = Air(0.2, 0.0, 0.33, np.full(SHAPE, 950.0))


def overview_of(water, *, ground: float = 0.3, pixels: float = 400) -> Overview:
    air = Air(AIR.aot, water, AIR.ozone_cm_atm, AIR.pressure_hpa)
    count = np.broadcast_to(pixels, SHAPE).astype(float)
    seen = {band: TABLES.effect(band, WHERE, air).seen(ground) for band in ("B8A", "B09")}
    return Overview({"land": count}, {("land", band): values * count for band, values in seen.items()})


@pytest.mark.parametrize("water", [0.3, 1.4, 4.0])
@pytest.mark.parametrize("ground", [0.15, 0.45])
def test_the_column_that_was_put_there_is_found(water, ground):
    column, found = find_water_vapour(overview_of(water, ground=ground), TABLES, WHERE, AIR, forecast_g_cm2=None)
    assert column == pytest.approx(np.full(SHAPE, water), rel=0.02)
    assert (found.source, found.cells, found.fallback) == ("B09 against B8A", 36, False)


def test_columns_follow_the_ground_and_gaps_get_the_middle():
    water = np.broadcast_to(np.array([1.0, 1.0, 1.0, 3.0, 3.0, 3.0]), SHAPE)
    pixels = np.full(SHAPE, 400.0)
    pixels[:, 5] = 10
    column, found = find_water_vapour(overview_of(water, pixels=pixels), TABLES, WHERE, AIR, forecast_g_cm2=None)
    assert found.cells == 30
    assert column[2, 0] < column[2, 1] < column[2, 2]
    assert column.min() > 0.9


@pytest.mark.parametrize(
    ("share", "dark"),
    [pytest.param(0.001, 36, id="more than the tables have"), pytest.param(5, 0, id="less than none")],
)
@pytest.mark.parametrize("forecast", [None, 0.7])
def test_what_no_water_explains_is_not_found(share, dark, forecast):
    overview = overview_of(2.0)
    overview.sums["land", "B09"][...] *= share
    column, found = find_water_vapour(overview, TABLES, WHERE, AIR, forecast_g_cm2=forecast)
    assert (column == (1.42 if forecast is None else 0.7)).all()
    assert (found.cells, found.fallback) == (0, True)
    assert found.reason == (
        f"clear land in 36 cells: {dark} too dark in B09 for the most vapour in the tables, {36 - dark} too bright for "
        "any, 0 left"
    )


@pytest.mark.parametrize(
    ("good", "share", "fallback"),
    [(36, 0.001, False), (18, 0.001, False), (17, 0.001, True), (4, 5, False), (3, 5, True)],
)
def test_cells_without_a_root_get_the_middle_of_the_others(good, share, fallback):
    overview = overview_of(2.0)
    overview.sums["land", "B09"].reshape(-1)[good:] *= share
    column, found = find_water_vapour(overview, TABLES, WHERE, AIR, forecast_g_cm2=None)
    assert (found.cells, found.fallback) == (good, fallback)
    assert column == pytest.approx(np.full(SHAPE, 1.42 if fallback else 2.0), rel=0.02)


def test_without_land_the_forecast_is_taken_else_a_standard():
    sea = overview_of(2.0, ground=0.01)
    column, forecast = find_water_vapour(sea, TABLES, WHERE, AIR, forecast_g_cm2=0.7)
    assert (column == 0.7).all()
    assert forecast.fallback
    _, standard = find_water_vapour(sea, TABLES, WHERE, AIR, forecast_g_cm2=None)
    assert (standard.value, standard.source) == (1.42, "standard atmosphere")
