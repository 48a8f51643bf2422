"""Tiles that an area needs, held against where published patches lie, and against places whose tiles are known."""

from collections import defaultdict
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import shapely

from reben.core.errors import GridError
from reben.core.mgrs import tile_extent
from reben.describe.footprints import footprints_of
from reben.io.projection import project
from reben.rules.tile_grid import tile_outline, tiles_of


def test_the_tiles_of_published_patches_are_found(shared_data: Path):
    ids = pq.read_table(shared_data / "published" / "metadata.parquet", columns=["patch_id"])["patch_id"]
    rows = defaultdict(list)
    for row, name in enumerate(ids.to_pylist()):
        rows[name.split("_T")[1][:5]].append(row)
    assert len(rows) == 43
    for tile, some in rows.items():
        chosen = some[:: max(1, len(some) // 2)]
        for outline in footprints_of(ids.take(chosen)).polygons():
            assert tile in tiles_of([outline])


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((12.5, 48.0), ["32UQU", "33UUP"]),  # where zones and bands meet: one name a square
        ((15.0, 50.0), ["33UVR", "33UWR"]),
        ((5.0, 61.0), ["31VEH", "32VKN"]),  # zone 32 begins at 3 degrees in Norway
        ((179.99, -17.0), ["01KAB", "60KZG"]),  # the 180th meridian
        ((-178.9, -17.0), ["01KBB"]),
        ((-60.0, -33.0), ["20HQJ", "21HTD"]),
    ],
)
def test_known_places(place: tuple[float, float], expected: list[str]):
    assert tiles_of([shapely.Point(place).buffer(0.01)]) == expected


def test_every_place_of_an_area_is_shown():
    area = shapely.box(8, 46, 10, 47.5)
    tiles = tiles_of([area])
    shown = shapely.union_all([outline(tile) for tile in tiles])
    assert shapely.covers(shown.buffer(1e-3), area)
    for tile in tiles:
        assert shapely.intersects(outline(tile), area)


def outline(tile: str) -> shapely.Geometry:
    extent = tile_extent(tile)
    square = shapely.box(extent.ulx_m, extent.uly_m - extent.side_m, extent.ulx_m + extent.side_m, extent.uly_m)
    return project(shapely.get_parts(shapely.segmentize(square, 5_000)), extent.crs, "EPSG:4326")[0]


def test_areas_within_one_tile():
    assert tiles_of([shapely.box(13.3, 48.2, 13.4, 48.4)]) == ["33UUP"]


def test_outlines_are_on_both_sides_of_the_180th_meridian():
    assert tile_outline("60KZG").geom_type == "MultiPolygon"
    assert tile_outline("60KZG").area < 2
    assert shapely.symmetric_difference(tile_outline("33UUP"), outline("33UUP")).area < 1e-3
    with pytest.raises(GridError, match="99XXX"):
        tile_outline("99XXX")
