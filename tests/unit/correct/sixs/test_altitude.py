from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.transform import from_origin

from reben.core.errors import RasterError
from reben.core.grid import TileExtent
from reben.correct.sixs.altitude import node_altitudes_m
from reben.correct.sixs.nodes import Nodes

CORNER = (300_000, 5_400_000)
NODES = Nodes(TileExtent("EPSG:32633", *CORNER, 4_800))


def write_dem(path: Path, values: np.ndarray, crs: str, corner: tuple[float, float], step: float, **options) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=values.shape[1], height=values.shape[0], count=1, dtype=values.dtype,
        crs=crs, transform=from_origin(*corner, step, step), **options,
    ) as target:  # fmt: skip
        target.write(values, 1)
    return path


def test_means_of_cells(tmp_path):
    values = np.repeat(np.repeat(np.arange(16, dtype=np.float32).reshape(4, 4), 40, axis=0), 40, axis=1) * 100
    dem = write_dem(tmp_path / "dem.tif", values, "EPSG:32633", CORNER, 30)
    assert node_altitudes_m(dem, NODES) == pytest.approx(np.arange(16).reshape(4, 4) * 100)


def test_a_model_in_degrees(tmp_path):
    west, north = pyproj.Transformer.from_crs(32633, 4326, always_xy=True).transform(300_000, 5_400_000)
    values = np.full((300, 300), 750, np.int16)
    dem = write_dem(tmp_path / "dem.tif", values, "EPSG:4326", (west - 0.1, north + 0.1), 0.001)
    assert node_altitudes_m(dem, NODES) == pytest.approx(np.full((4, 4), 750))


def test_where_the_model_has_no_value(tmp_path):
    values = np.full((160, 160), 500, np.float32)
    values[:, 80:] = -9_999
    dem = write_dem(tmp_path / "dem.tif", values, "EPSG:32633", CORNER, 30, nodata=-9_999)
    found = node_altitudes_m(dem, NODES)
    assert (found[:, :2] == 500).all()
    assert np.isnan(found[:, 2:]).all()


def test_values_that_are_no_altitudes(tmp_path):
    dem = write_dem(tmp_path / "dem.tif", np.full((160, 160), -32_768, np.int16), "EPSG:32633", CORNER, 30)
    with pytest.raises(RasterError, match="from -32768 to -32768; expected altitudes in metres") as caught:
        node_altitudes_m(dem, NODES)
    assert "nodata" in caught.value.hint


def test_a_fill_value_that_a_mean_hides(tmp_path):
    values = np.full((160, 160), 1_500, np.int16)
    values[3, 4] = -32_768
    dem = write_dem(tmp_path / "dem.tif", values, "EPSG:32633", CORNER, 30)
    with pytest.raises(RasterError, match="from -32768 to 1500; expected altitudes in metres"):
        node_altitudes_m(dem, NODES)


def test_scale_and_offset_are_applied(tmp_path):
    dem = write_dem(tmp_path / "dem.tif", np.full((160, 160), 30_000, np.int16), "EPSG:32633", CORNER, 30)
    with rasterio.open(dem, "r+") as target:
        target.scales, target.offsets = [0.05], [-100]
    assert node_altitudes_m(dem, NODES) == pytest.approx(np.full((4, 4), 1_400))
    with rasterio.open(dem, "r+") as target:
        target.scales = [0.0]
    with pytest.raises(RasterError, match=r"scale 0\.0 and offset"):
        node_altitudes_m(dem, NODES)


@pytest.mark.parametrize(("unit", "right"), [("metre", True), ("m", True), ("ft", False), ("US survey foot", False)])
def test_units_of_the_model(tmp_path, unit, right):
    dem = write_dem(tmp_path / "dem.tif", np.full((160, 160), 300, np.int16), "EPSG:32633", CORNER, 30)
    with rasterio.open(dem, "r+") as target:
        target.units = [unit]
    if right:
        assert (node_altitudes_m(dem, NODES) == 300).all()
        return
    with pytest.raises(RasterError, match=f"has the unit '{unit}'.*expected metres"):
        node_altitudes_m(dem, NODES)


def test_no_raster_and_no_crs(tmp_path):
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(RasterError, match="cannot be read"):
        node_altitudes_m(tmp_path / "text.tif", NODES)
    dem = write_dem(tmp_path / "dem.tif", np.zeros((9, 9), np.float32), None, CORNER, 600)
    with pytest.raises(RasterError, match="has no CRS"):
        node_altitudes_m(dem, NODES)
