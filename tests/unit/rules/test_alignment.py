from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest
import shapely

from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import PatchName, TileName
from reben.io.dataset.metadata import read_metadata
from reben.io.v1_geometries import V1Geometries, read_v1_geometries
from reben.rules.alignment import aligned_v1_names
from reben.rules.seasons import meteorological_season

TILE = TileName.parse("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP")
EXTENT = TileExtent("EPSG:32633", 300_000, 5_400_000, 109_800)
GRID = PatchGrid()


def region(*patches: tuple[str, float, float], crs: str = "EPSG:32633", size: float = 1200) -> list[V1Geometries]:
    footprints = [shapely.to_wkb(shapely.box(left, top - size, left + size, top)) for _, left, top in patches]
    return [V1Geometries(crs, pa.array([name for name, _, _ in patches]), pa.array(footprints))]


@pytest.mark.parametrize(
    ("month", "season"),
    [
        (12, "winter"),
        (2, "winter"),
        (3, "spring"),
        (5, "spring"),
        (6, "summer"),
        (8, "summer"),
        (9, "autumn"),
        (11, "autumn"),
    ],
)
def test_seasons_are_meteorological(month: int, season: str):
    assert meteorological_season(datetime(2017, month, 28)) == season  # noqa: DTZ001 - names carry UTC


def test_a_v1_patch_on_the_same_ground_in_the_same_season_is_named():
    found = aligned_v1_names(region(("S2B_MSIL2A_20170820T101031_2_3", 302_400, 5_396_400)), TILE, EXTENT, GRID)
    assert found == {(2, 3): "S2B_MSIL2A_20170820T101031_2_3"}


@pytest.mark.parametrize(
    ("name", "left", "top", "options"),
    [
        ("S2A_MSIL2A_20170913T101031_2_3", 302_400, 5_396_400, {}),
        ("S2A_MSIL2A_20170613T101031_2_3", 302_410, 5_396_400, {}),
        ("S2A_MSIL2A_20170613T101031_2_3", 302_400, 5_396_400, {"crs": "EPSG:32634"}),
        ("S2A_MSIL2A_20170613T101031_2_3", 302_400, 5_396_400, {"size": 1190}),
        ("S2A_MSIL2A_20170613T101031_2_3", 298_800, 5_396_400, {}),
        ("S2A_MSIL2A_20170613T101031_91_3", 300_000 + 91 * 1200, 5_396_400, {}),
    ],
    ids=["season", "ground", "crs", "size", "west", "east"],
)
def test_others_are_not(name: str, left: float, top: float, options: dict):
    assert not aligned_v1_names(region((name, left, top), **options), TILE, EXTENT, GRID)


def test_of_several_the_nearest_in_time_is_named():
    cells = [
        (name, 302_400, 5_396_400)
        for name in (
            "S2A_MSIL2A_20170703T101031_2_3",
            "S2B_MSIL2A_20170615T94160_2_3",
            "S2A_MSIL2A_20170801T101031_2_3",
        )
    ]
    assert aligned_v1_names(region(*cells), TILE, EXTENT, GRID) == {(2, 3): "S2B_MSIL2A_20170615T94160_2_3"}


def test_every_published_patch_of_a_real_tile_gets_its_published_name(shared_data: Path):
    found = aligned_v1_names(read_v1_geometries(shared_data / "v1_geometries"), TILE, EXTENT, GRID)
    compared = 0
    for table in ("metadata.parquet", "metadata_for_patches_with_snow_cloud_or_shadow.parquet"):
        for row in read_metadata(shared_data / "published" / table).select(["patch_id", "s2v1_name"]).to_pylist():
            if row["patch_id"].startswith(str(TILE)):
                patch = PatchName.parse(row["patch_id"])
                assert found[patch.column, patch.row] == row["s2v1_name"]
                compared += 1
    assert compared > 1000
