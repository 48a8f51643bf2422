import filecmp
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.construct.land_cover.source import ReferenceMap
from reben.construct.output.geotiffs import GeotiffOutput
from reben.core.bands import BANDS, S1_BANDS, S2_BANDS
from reben.io.dataset.paths import DatasetPaths
from reben.io.tiff.geotiff import read_band, write_band, write_reference_map
from reben.tile.bands import TileBands
from reben.tile.patches import TilePatches
from reben.tile.sentinel1.partners import S1Partner

S1 = "S1A_IW_GRDH_1SDV_20170613T165043_33UUP_3_2"
PLACES = [(0, 0), (3, 2), (1, 3)]


@pytest.fixture
def bands(patches: TilePatches) -> TileBands:
    """Noise in all bands."""
    random = np.random.default_rng(0)
    sides = {name: 4800 // BANDS[name].resolution_m for name in S2_BANDS}
    pixels = {name: random.integers(1, 9000, (side, side)).astype(np.uint16) for name, side in sides.items()}
    return TileBands(patches.extent, pixels)


@pytest.fixture
def land_cover() -> ReferenceMap:
    """Noise of three codes."""
    codes = np.random.default_rng(1).choice(np.array([211, 312, 999], np.uint16), (480, 480))
    return ReferenceMap(codes, 1, 0)


@pytest.mark.parametrize("threads", [1, 3])
def test_files_are_those_that_gdal_writes(
    patches: TilePatches, bands: TileBands, land_cover: ReferenceMap, tmp_path: Path, threads: int
):
    paths = DatasetPaths(tmp_path / "out")
    output = GeotiffOutput(paths, threads)
    output.write_s2(patches, bands, PLACES)
    output.write_maps(patches, land_cover, PLACES)
    assert len(list(paths.s2.rglob("*.tif"))) == 3 * 12
    assert len(list(paths.reference_maps.rglob("*.tif"))) == 3
    for column, row in PLACES:
        patch_id = patches.patch_id((column, row))
        for name in (*S2_BANDS, ""):
            resolution = BANDS[name].resolution_m if name else 10
            side = 1200 // resolution
            source = bands.pixels[name] if name else land_cover.codes
            pixels = source[side * row : side * (row + 1), side * column : side * (column + 1)]
            cell = rasterio.transform.from_origin(
                300_000 + 1200 * column, 5_400_000 - 1200 * row, resolution, resolution
            )
            if name:
                path = paths.s2 / str(patches.tile) / patch_id / f"{patch_id}_{name}.tif"
                write_band(tmp_path / "expected.tif", pixels, crs="EPSG:32633", transform=cell)
            else:
                path = paths.reference_maps / str(patches.tile) / patch_id / f"{patch_id}_reference_map.tif"
                write_reference_map(tmp_path / "expected.tif", pixels, crs="EPSG:32633", transform=cell)
            assert filecmp.cmp(path, tmp_path / "expected.tif", shallow=False), path


def test_an_error_in_a_thread_is_raised(patches: TilePatches, bands: TileBands, tmp_path: Path):
    output = GeotiffOutput(DatasetPaths(tmp_path), 2)
    output.write_s2(patches, bands, PLACES[:1])
    with pytest.raises(FileExistsError):
        output.write_s2(patches, bands, PLACES)
    output.clear(patches.tile)
    output.write_s2(patches, bands, PLACES)


def test_a_sentinel_1_patch_cut_from_a_scene(patches: TilePatches, decibels: Callable[..., np.ndarray], tmp_path: Path):
    partner = S1Partner(S1, {band: decibels(120, seed=seed) for seed, band in enumerate(S1_BANDS)})
    output = GeotiffOutput(DatasetPaths(tmp_path))
    for _ in range(2):  # another tile may write the same one
        output.write_s1(patches, (3, 2), partner)
    folder = tmp_path / "BigEarthNet-S1" / S1.rsplit("_", 3)[0] / S1
    assert {path.name for path in folder.iterdir()} == {f"{S1}_{band}.tif" for band in S1_BANDS}
    for band in S1_BANDS:
        np.testing.assert_array_equal(read_band(folder / f"{S1}_{band}.tif"), partner.pixels[band])
        with rasterio.open(folder / f"{S1}_{band}.tif") as source:
            assert (source.dtypes[0], source.nodata, source.crs) == ("float32", None, "EPSG:32633")
            assert tuple(source.bounds) == (303_600, 5_396_400, 304_800, 5_397_600)


def test_tiles_in_threads_of_one_process_may_share_a_sentinel_1_patch(
    patches: TilePatches, decibels: Callable[..., np.ndarray], tmp_path: Path
):
    """A Dask worker has as many threads as it is given."""
    partner = S1Partner(S1, {band: decibels(120, seed=seed) for seed, band in enumerate(S1_BANDS)})
    outputs = [GeotiffOutput(DatasetPaths(tmp_path))] * 200
    with ThreadPoolExecutor(4) as pool:
        for _ in pool.map(lambda output: output.write_s1(patches, (3, 2), partner), outputs):
            pass
    assert {path.name for path in tmp_path.rglob("*.tif")} == {f"{S1}_{band}.tif" for band in S1_BANDS}


def test_sentinel_1_files_are_copied_as_they_are(patches: TilePatches, real_patches: DatasetPaths, tmp_path: Path):
    source = next(real_patches.s1.glob("*/*"))
    files = {band: source / f"{source.name}_{band}.tif" for band in S1_BANDS}
    partner = S1Partner(source.name, {band: read_band(path) for band, path in files.items()}, files)
    GeotiffOutput(DatasetPaths(tmp_path)).write_s1(patches, (0, 0), partner)
    copied = tmp_path / "BigEarthNet-S1" / source.parent.name / source.name
    assert len(list(copied.iterdir())) == 2
    for path in files.values():
        assert filecmp.cmp(path, copied / path.name, shallow=False)


def test_nothing_to_write(patches: TilePatches, bands: TileBands, land_cover: ReferenceMap, tmp_path: Path):
    output = GeotiffOutput(DatasetPaths(tmp_path))
    output.write_s2(patches, bands, [])
    output.write_maps(patches, land_cover, [])
    output.clear(patches.tile)
    assert not list(tmp_path.iterdir())
