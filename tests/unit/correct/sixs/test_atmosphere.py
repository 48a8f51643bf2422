from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from reben.core.grid import TileExtent
from reben.correct.report import AerosolFound, OzoneFound
from reben.correct.sixs.atmosphere import find_atmosphere
from reben.correct.sixs.auxiliary import Forecast
from reben.correct.sixs.nodes import Nodes
from reben.correct.sixs.overview import Overview
from reben.correct.sixs.tables import load_tables
from reben.io.safe.angles import DirectionGrid, TileAngles

TABLES, _ = load_tables("S2A")
NODES = Nodes(TileExtent("EPSG:32633", 300_000, 5_400_000, 4_800))
FLAT = np.full((3, 3), 0.3)
ANGLES = TileAngles(
    DirectionGrid(FLAT, FLAT, 5_000), dict.fromkeys(("B04", "B8A"), DirectionGrid(FLAT / 5, FLAT / 9, 5_000))
)
NOTHING = np.zeros((4, 4))
NO_FOREST = (
    "dark vegetation in 0 cells: 0 too bright for the haziest air in the tables, 0 too dark for any, "
    "0 with another haze in blue than in red, 0 believed"
)
NO_LAND = "clear land in 0 cells: 0 too dark in B09 for the most vapour in the tables, 0 too bright for any, 0 left"
SEA = Overview(
    {"land": NOTHING, "dark vegetation": NOTHING},
    {
        (kind, band): NOTHING
        for kind, bands in {"land": ("B8A", "B09"), "dark vegetation": ("B02", "B04", "B12")}.items()
        for band in bands
    },
)


def test_over_open_sea_the_forecast_is_taken():
    found = find_atmosphere(SEA, Forecast(0.29, 1.9, 0.07), TABLES, NODES, ANGLES, dem=None)
    assert (found.air.aot, found.air.ozone_cm_atm) == (0.07, 0.29)
    assert (np.asarray(found.air.water_g_cm2) == 1.9).all()
    assert found.fallbacks() == [
        f"aerosol: forecast in the product ({NO_FOREST})",
        f"water vapour: forecast in the product ({NO_LAND})",
        "altitude: sea level",
    ]


def test_without_a_forecast_everything_is_assumed_and_reported():
    found = find_atmosphere(SEA, Forecast(), TABLES, NODES, ANGLES, dem=None)
    assert found.fallbacks() == [
        f"aerosol: default ({NO_FOREST})",
        f"water vapour: standard atmosphere ({NO_LAND})",
        "ozone: default",
        "altitude: sea level",
    ]
    said = found.found()
    assert said["ozone"] == OzoneFound(column_du=330.0, source="default", cells=0)
    assert said["water_vapour"].mean_g_cm2 == 1.42
    assert said["aerosol"] == AerosolFound(optical_thickness_550nm=0.2, source="default", cells=0, reason=NO_FOREST)


def test_an_elevation_model_that_covers_half_of_the_tile(tmp_path: Path):
    dem = tmp_path / "dem.tif"
    with rasterio.open(
        dem, "w", driver="GTiff", width=8, height=16, count=1, dtype="float32", crs="EPSG:32633",
        transform=from_origin(300_000, 5_400_000, 300, 300),
    ) as target:  # fmt: skip
        target.write(np.full((16, 8), 1_000, np.float32), 1)
    found = find_atmosphere(SEA, Forecast(), TABLES, NODES, ANGLES, dem=dem)
    assert found.altitudes_m[0].tolist() == [1000, 1000, 0, 0]
    assert np.asarray(found.air.pressure_hpa)[0] == pytest.approx([898.7, 898.7, 1013.25, 1013.25], abs=0.1)
    assert found.fallbacks()[-1] == "altitude: dem.tif, sea level for 50.0% of the tile"
