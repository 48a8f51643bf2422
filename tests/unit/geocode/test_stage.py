import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.core.errors import GeocodingError, ProductError
from reben.core.grid import TileExtent
from reben.geocode import stage
from reben.geocode.options import GeocodeOptions
from reben.geocode.report import read_report
from reben.geocode.stage import GeocodeResult, geocode
from reben.work.context import Context
from stand_ins.grd import CRS, Grd, write_dem

SMALL = Grd(lines=700, pixels=700)
SCENE = f"{SMALL.scene}_33UUP"


@pytest.fixture(autouse=True)
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles of 4.8 km instead of 109.8."""
    places = {"33UUP": 5_400_000.0, "33UUQ": 5_500_000.0}
    monkeypatch.setattr(stage, "tile_extent", lambda name: TileExtent(CRS, 300_000.0, places[name], 4_800))


@pytest.fixture
def products(tmp_path: Path) -> Path:
    SMALL.write(tmp_path / "grd", lambda lines, _: np.full(lines.shape, 100.0))
    return tmp_path / "grd"


@pytest.fixture
def dem(tmp_path: Path) -> Path:
    return write_dem(tmp_path / "dem.tif")


@pytest.fixture
def run(products: Path, dem: Path, tmp_path: Path) -> Callable[..., tuple[GeocodeResult, list[str]]]:
    def run(*tiles: str, **options: object) -> tuple[GeocodeResult, list[str]]:
        told: list[str] = []
        result = geocode(
            [products], tiles or ("33UUP",), tmp_path / "out", GeocodeOptions(**{"dem": dem, **options}),
            Context(tell=told.append),
        )  # fmt: skip
        return result, told

    return run


def test_a_scene_and_its_report(run: Callable, tmp_path: Path):
    result, told = run(incidence=True)
    folder = tmp_path / "out" / SCENE
    assert result.made == [folder]
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{SCENE}_VH.tif", f"{SCENE}_VV.tif", f"{SCENE}_incidence.tif", "geocoding.json",
    ]  # fmt: skip
    report = read_report(folder)
    assert (report.scene, report.tile, report.pixels) == (SMALL.scene, "33UUP", 480 * 480)
    assert report.parameters.products == [SMALL.name]
    assert report.parameters.orbit_files == [None]
    with rasterio.open(folder / f"{SCENE}_VV.tif") as source:
        assert np.isfinite(source.read(1)).sum() == report.with_value["VV"]
    (line,) = (line for line in told if "thermal noise" not in line)
    share = 1 - report.with_value["VV"] / report.pixels
    assert (
        line == f"note: {SMALL.scene}, 33UUP: {share:.1%} of the tile has no value ({share:.1%} is not in the products)"
    )


def test_a_product_without_thermal_noise_is_named(run: Callable):
    _, told = run()
    assert f"note: {SMALL.name}: states no thermal noise, so that none is removed" in told


def test_what_is_there_is_left_alone(run: Callable, tmp_path: Path):
    run()
    (file,) = (tmp_path / "out").rglob("*_VV.tif")
    before = file.stat().st_mtime_ns
    result, _ = run()
    assert (result.made, result.present) == ([], [tmp_path / "out" / SCENE])
    assert file.stat().st_mtime_ns == before
    with pytest.raises(GeocodingError, match="was made of other products or with other options"):
        run(mask_hidden=True)
    (file.parent / "geocoding.json").write_text("{")
    with pytest.raises(GeocodingError, match=r"geocoding\.json"):
        run()


def test_half_a_scene_is_never_there(run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_args: object, **_settings: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stage, "write_text", fail)
    with pytest.raises(OSError, match="No space left"):
        run()
    assert not (tmp_path / "out" / SCENE).exists()
    monkeypatch.undo()


def test_tiles_that_no_product_shows(run: Callable, dem: Path):
    with pytest.raises(GeocodingError, match="says nothing of the tile"):
        run("33UUQ", "33UUP")
    with pytest.raises(GeocodingError, match="33UUQ: none of 1 products shows the tile"):
        run("33UUQ", dem=dem, sea_level=True)
    result, _ = run("33UUQ", "33UUP", on_error="skip", sea_level=True)
    assert list(result.failed) == ["33UUQ"]
    assert len(result.made) == 1


def test_products_that_are_wrong_stop_the_work_or_are_named(run: Callable, products: Path):
    wrong = products / SMALL.name.replace("1SDV", "1SSV").replace("01C5A5", "01C5A6")
    wrong.mkdir()
    with pytest.raises(ProductError, match="its polarisation is SV"):
        run()
    result, _ = run(on_error="skip")
    assert list(result.failed) == [wrong.name]
    assert len(result.made) == 1


def test_one_acquisition_given_twice_is_refused(run: Callable, products: Path):
    replace(SMALL, lines=690).write(products / "again", lambda lines, _: lines)
    with pytest.raises(GeocodingError, match="are the same acquisition"):
        run()


def test_no_product_at_all(dem: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    options = GeocodeOptions(dem=dem)
    with pytest.raises(GeocodingError, match="no GRD product found"):
        geocode([tmp_path / "empty"], ["33UUP"], tmp_path / "out", options)
    with pytest.raises(GeocodingError, match="does not exist"):
        geocode([tmp_path / "missing"], ["33UUP"], tmp_path / "out", options)


def test_precise_orbits_are_noted(run: Callable, tmp_path: Path):
    name = "S1A_OPER_AUX_POEORB_OPOD_20170703T120745_V20170612T225942_20170614T005942.EOF"
    vectors = ""
    for second in range(-100, 110, 10):
        x, y, z = SMALL.satellite(np.array(second - 0.75))
        time = SMALL.start + timedelta(seconds=second)
        vectors += f"<OSV><UTC>UTC={time:%Y-%m-%dT%H:%M:%S.%f}</UTC><X>{x}</X><Y>{y}</Y><Z>{z}</Z></OSV>"
    (tmp_path / "orbits").mkdir()
    (tmp_path / "orbits" / name).write_text(f"<a>{vectors}</a>")
    run()
    with rasterio.open(tmp_path / "out" / SCENE / f"{SCENE}_VV.tif") as source:
        own = source.read(1)
    (tmp_path / "out").rename(tmp_path / "own")
    run(orbits=tmp_path / "orbits")
    assert json.loads((tmp_path / "out" / SCENE / "geocoding.json").read_text())["parameters"]["orbit_files"] == [name]
    with rasterio.open(tmp_path / "out" / SCENE / f"{SCENE}_VV.tif") as source:
        np.testing.assert_allclose(source.read(1), own, atol=1e-3)
