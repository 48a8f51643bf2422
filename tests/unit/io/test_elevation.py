from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.transform import from_origin

from reben.core.errors import RasterError
from reben.io.elevation import find_elevation

CRS = "EPSG:32633"
WEST, NORTH = 300_000.0, 5_400_000.0


def write(
    path: Path, values: np.ndarray, *, west: float = WEST, crs: str | None = CRS, pixel: float = 30, **extra: object
) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1, dtype=values.dtype.name,
        crs=crs, transform=from_origin(west, NORTH, pixel, pixel), **extra,
    ) as target:  # fmt: skip
        target.write(values, 1)
    return path


def test_a_plane_stays_a_plane(tmp_path: Path):
    row, column = np.mgrid[:100, :100].astype(np.float32)
    model = find_elevation(write(tmp_path / "dem.tif", 3 * row + 2 * column))
    found = model.altitudes_m(CRS, WEST + 300, NORTH - 300, (60, 90), 10)
    rows, columns = np.mgrid[:60, :90]
    expected = 3 * ((300 + 10 * rows + 5) / 30 - 0.5) + 2 * ((300 + 10 * columns + 5) / 30 - 0.5)
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert found.dtype == np.float32


def test_files_of_a_folder_are_one_model(tmp_path: Path):
    left = np.full((50, 50), 100, np.int16)
    left[:, -10:] = -32768
    write(tmp_path / "a.tif", left, nodata=-32768)
    write(tmp_path / "b.tif", np.full((50, 50), 200, np.int16), west=WEST + 1_200)
    (tmp_path / "readme.txt").write_text("no model")
    found = find_elevation(tmp_path).altitudes_m(CRS, WEST, NORTH, (150, 300), 10)
    assert np.nanmin(found) == 100
    assert np.nanmax(found) == 200
    assert (found[:, :110] == 100).all()
    assert (found[:, 125:265] == 200).all()
    assert np.isnan(found[:, 275:]).all()


def test_other_projections_and_scales(tmp_path: Path):
    with rasterio.open(
        tmp_path / "dem.tif", "w", driver="GTiff", width=400, height=400, count=1, dtype="int16", crs="EPSG:4326",
        transform=from_origin(12, 49, 1 / 400, 1 / 400),
    ) as target:  # fmt: skip
        target.write(np.full((400, 400), 1_230, np.int16), 1)
        target.scales = (0.1,)
    found = find_elevation(tmp_path / "dem.tif").altitudes_m(CRS, WEST, NORTH, (50, 50), 10)
    assert found == pytest.approx(123)


def test_what_altitudes_count_from(tmp_path: Path):
    zeros = np.zeros((10, 10), np.float32)
    write(tmp_path / "plain.tif", zeros)
    assert not find_elevation(tmp_path / "plain.tif").above_ellipsoid
    assert find_elevation(tmp_path / "plain.tif", above_ellipsoid=True).above_ellipsoid
    write(tmp_path / "spatial.tif", zeros, west=12, pixel=0.001, crs="EPSG:4979")
    assert find_elevation(tmp_path / "spatial.tif").above_ellipsoid
    write(tmp_path / "geoid.tif", zeros, west=12, pixel=0.001, crs="EPSG:4326+5773")
    assert not find_elevation(tmp_path / "geoid.tif").above_ellipsoid
    with pytest.raises(RasterError, match="some files count from the ellipsoid, others from the geoid"):
        find_elevation(tmp_path)


@pytest.mark.parametrize(
    ("values", "extra", "message"),
    [
        (np.full((9, 9), -9999, np.int16), {}, "from -9999 to -9999; expected altitudes in metres"),
        (np.full((9, 9), 30_000, np.int16), {}, "has values from 30000"),
        (np.zeros((9, 9), np.int16), {"crs": None}, "has no CRS"),
    ],
)
def test_what_is_no_elevation_is_refused(values: np.ndarray, extra: dict, message: str, tmp_path: Path):
    write(tmp_path / "dem.tif", values, **extra)
    with pytest.raises(RasterError, match=message):
        find_elevation(tmp_path / "dem.tif").altitudes_m(CRS, WEST, NORTH, (5, 5), 10)


def test_files_that_are_no_rasters_are_refused(tmp_path: Path):
    with pytest.raises(RasterError, match="has no elevation model"):
        find_elevation(tmp_path)
    (tmp_path / "dem.tif").write_text("text")
    with pytest.raises(RasterError, match=r"dem\.tif: cannot be read"):
        find_elevation(tmp_path)
    with pytest.raises(RasterError, match="cannot be read"):
        find_elevation(tmp_path / "missing.tif")


def test_a_grid_across_the_180th_meridian(tmp_path: Path):
    for name, west, code in (("a.tif", 179, 100), ("b.tif", -180, 200)):
        with rasterio.open(
            tmp_path / name, "w", driver="GTiff", width=100, height=100, count=1, dtype="int16", crs="EPSG:4326",
            transform=from_origin(west, -16, 0.01, 0.01),
        ) as target:  # fmt: skip
            target.write(np.full((100, 100), code, np.int16), 1)
    to_utm = pyproj.Transformer.from_crs(4326, 32701, always_xy=True)
    x, y = to_utm.transform(180.0, -16.5)
    found = find_elevation(tmp_path).altitudes_m("EPSG:32701", x - 5_000, y + 2_000, (40, 100), 100)
    assert (found[:, :45] == 100).all()
    assert (found[:, 55:] == 200).all()
