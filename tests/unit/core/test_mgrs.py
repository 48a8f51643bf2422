"""Extents of tiles from their names, against real products of both hemispheres and published patches."""

import re
from pathlib import Path

import pytest
import rasterio

from reben.core.errors import GridError
from reben.core.grid import PatchGrid, TileExtent
from reben.core.mgrs import tile_extent
from reben.core.names import PatchName

_MISPLACED = "34LBQ"
"""A sample that was made by renaming one of tile 34LBP, and has that one's corner."""


@pytest.mark.parametrize(
    ("name", "crs", "ulx_m", "uly_m"),
    [
        ("T33UUP", "EPSG:32633", 300_000, 5_400_000),
        ("29UNU", "EPSG:32629", 499_980, 5_900_040),
        ("T32TNM", "EPSG:32632", 499_980, 4_700_040),
        ("T46RER", "EPSG:32646", 499_980, 3_100_020),
        ("T53HPV", "EPSG:32753", 600_000, 6_000_040),
        ("T01CDL", "EPSG:32701", 399_960, 1_100_020),
        ("T37MGS", "EPSG:32737", 699_960, 9_700_000),
    ],
)
def test_known_tiles(name: str, crs: str, ulx_m: int, uly_m: int):
    assert tile_extent(name) == TileExtent(crs, float(ulx_m), float(uly_m), 109_800)


@pytest.mark.parametrize("name", ["", "T", "33UUI", "T61UUP", "T00UUP", "33AUP", "33UAP", "T33UUPX", "x3UUP", "T33uup"])
def test_other_names_are_refused(name: str):
    with pytest.raises(GridError, match="is not the name of a Sentinel-2 tile"):
        tile_extent(name)


def test_tiles_of_real_products_lie_where_their_metadata_say(shared_data: Path):
    seen = set()
    for file in (shared_data / "s2_metadata").rglob("*.xml"):
        if "gdal_autotest" in file.parts:  # fakes, with made-up corners
            continue
        text = file.read_text(errors="replace")
        found = re.search(r"<ULX>(\d+)</ULX>\s*<ULY>(\d+)</ULY>", text)
        name = re.search(r"<TILE_ID[^>]*>\S+_T(\d\d[A-Z]{3})", text)
        crs = re.search(r"EPSG:\d+", text)
        if found and name and crs and name[1] != _MISPLACED:
            extent = tile_extent(name[1])
            assert (extent.crs, extent.ulx_m, extent.uly_m) == (crs[0], float(found[1]), float(found[2])), name[1]
            seen.add(name[1])
    assert len(seen) >= 25


def test_real_patches_are_cells_of_their_tile(shared_data: Path):
    files = sorted((shared_data / "patches" / "BigEarthNet-S2").glob("*/*/*_B02.tif"))
    assert len(files) == 12
    for file in files:
        patch = PatchName.parse(file.parent.name)
        extent = tile_extent(patch.tile.mgrs)
        bounds = PatchGrid(extent.side_m, 1200).bounds(patch.column, patch.row, ulx_m=extent.ulx_m, uly_m=extent.uly_m)
        with rasterio.open(file) as raster:
            assert raster.crs.to_string() == extent.crs
            assert tuple(raster.bounds) == (bounds.left_m, bounds.bottom_m, bounds.right_m, bounds.top_m)
