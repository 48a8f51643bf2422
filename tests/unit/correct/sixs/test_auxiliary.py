from pathlib import Path

import pytest

from reben.correct.sixs.auxiliary import Forecast, read_forecast


def test_real_forecasts(shared_data: Path):
    (folder,) = (shared_data / "s2_l2a").glob("*/*.SAFE/GRANULE/*/AUX_DATA")
    found = read_forecast({path.name: str(path) for path in folder.iterdir()})
    assert found.ozone_cm_atm == pytest.approx(0.321751, abs=2e-4)  # the product's metadata say 321.750572
    assert found.water_g_cm2 == pytest.approx(1.41, abs=0.01)
    assert found.aot == pytest.approx(0.1217, abs=1e-4)


def test_missing_and_damaged_files_say_nothing(tmp_path: Path):
    assert read_forecast({}) == Forecast()
    (tmp_path / "AUX_ECMWFT").write_bytes(b"GRIB" + b"\0" * 200)
    assert read_forecast({"AUX_ECMWFT": str(tmp_path / "AUX_ECMWFT")}) == Forecast()
    assert read_forecast({"AUX_CAMSFO": str(tmp_path / "missing")}) == Forecast()
