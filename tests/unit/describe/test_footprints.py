from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import rasterio
import shapely
from rasterio.warp import transform_geom

from reben.core.errors import MetadataError
from reben.core.grid import TileExtent
from reben.describe.footprints import footprints_of
from reben.io.dataset.paths import DatasetPaths

TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
ACROSS = "S2A_MSIL2A_20170613T101031_N9999_R022_T01KAB"


def test_footprints_are_the_ground_of_real_images(real_patches: DatasetPaths):
    ids = pq.read_table(real_patches.metadata).column("patch_id")
    found = footprints_of(ids)
    assert found.systems == ("EPSG:32633",)
    for number, patch_id in enumerate(ids.to_pylist()):
        with rasterio.open(real_patches.s2_file(patch_id, "B02")) as image:
            assert tuple(image.bounds) == tuple(found.bounds_m[number])
            ground = transform_geom(image.crs, "OGC:CRS84", shapely.box(*image.bounds).__geo_interface__)
        here = found.polygons()[number]
        assert here.symmetric_difference(shapely.geometry.shape(ground)).area < 1e-5 * here.area
        assert here.exterior.is_ccw
        assert here.bounds == tuple(found.boxes()[number])


def test_footprints_are_those_of_the_v1_tables(shared_data: Path):
    v1 = pq.read_table(shared_data / "v1_geometries" / "bigearthnet_v1_spatial_32633.parquet")
    squares = dict(zip(v1["patch_name"].to_pylist(), shapely.from_wkb(v1["geom"].to_numpy()), strict=True))
    table = pq.read_table(shared_data / "published" / "metadata.parquet", columns=["patch_id", "s2v1_name"])
    chosen = table.filter(pa.compute.match_substring_regex(table["patch_id"], "_T33[A-Z]{3}_")).slice(0, 5000)
    found = footprints_of(chosen["patch_id"])
    overlap = [
        squares[name].intersection(shapely.box(*bounds)).area
        for name, bounds in zip(chosen["s2v1_name"].to_pylist(), found.bounds_m, strict=True)
    ]
    assert min(overlap) > 0  # v2 patches cover the v1 patch whose name they carry


def test_the_180th_meridian_cuts_a_patch_in_two():
    found = footprints_of(pa.array([f"{ACROSS}_{column:02d}_50" for column in range(91)]))
    (across,) = np.flatnonzero(found.crossing())
    outline, box = found.polygons()[across], found.boxes()[across]
    assert outline.geom_type == "MultiPolygon"
    assert outline.is_valid
    assert all(part.exterior.is_ccw for part in outline.geoms)
    assert (outline.bounds[0], outline.bounds[2]) == (-180, 180) == (box[0], box[2])
    neighbour = found.polygons()[across - 1]
    assert outline.area == pytest.approx(neighbour.area, rel=1e-3)


def test_tiles_of_other_grids_lie_where_their_report_says():
    extents = {"tile": TileExtent("EPSG:3035", 4_000_000, 3_000_000, 1200)}
    found = footprints_of(pa.array(["tile_01_01"]), extents, patch_size_m=600)
    assert found.bounds_m.tolist() == [[4_000_600, 2_998_800, 4_001_200, 2_999_400]]


def test_no_patch_has_no_footprint():
    found = footprints_of(pa.array([], pa.string()))
    assert (len(found), len(found.polygons()), found.boxes().shape) == (0, 0, (0, 4))


@pytest.mark.parametrize(
    ("patch_id", "said"),
    [
        ("AnnualCrop_1", "not known where 'AnnualCrop_1' lies"),
        ("AnnualCrop_10_12", "not known where 'AnnualCrop' lies"),
        ("S2A_MSIL2A_20170613T101031_N9999_R022_T99UUP_00_00", "not known where"),
        (f"{TILE}_91_00", "lies outside its tile"),
        (f"{TILE}_00", "not known where"),
        ("", "not known where ''"),
    ],
)
def test_patches_without_a_place_are_named(patch_id: str, said: str):
    with pytest.raises(MetadataError, match=said):
        footprints_of(pa.array([f"{TILE}_00_00", patch_id]))


def test_a_ground_that_does_not_exist_is_refused():
    with pytest.raises(MetadataError, match="is not the ground of a tile"):
        footprints_of(pa.array(["tile_01_01"]), {"tile": TileExtent("EPSG:0", 0, 0, 109_800)})
    with pytest.raises(MetadataError, match="not on the globe"):
        footprints_of(pa.array(["tile_01_01"]), {"tile": TileExtent("EPSG:32633", 1e12, 1e12, 109_800)})
