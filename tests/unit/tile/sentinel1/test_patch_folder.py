from pathlib import Path

import numpy as np
import pytest
from rasterio.transform import from_origin

from reben.core.errors import RasterError
from reben.io.dataset.paths import DatasetPaths
from reben.io.tiff.geotiff import read_band, write_band
from reben.tile.patches import TilePatches
from reben.tile.sentinel1.patch_folder import S1PatchFolder

V1 = "S2A_MSIL2A_20170613T101031_{}_{}"
S1 = "S1B_IW_GRDH_1SDV_20170612T165809_33UUP_{}_{}"


def write_patch(root: Path, name: str, band: str, pixels: np.ndarray) -> Path:
    folder = root / name.rsplit("_", 3)[0] / name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}_{band}.tif"
    write_band(path, pixels, crs="EPSG:32633", transform=from_origin(0, 0, 10, 10), nodata=None)
    return path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The patch in column 1, row 2."""
    for number, band in enumerate(("VV", "VH")):
        write_patch(tmp_path, S1.format(1, 2), band, np.full((120, 120), -10 - number, np.float32))
    return tmp_path


def test_partners_by_the_list_of_pairs(patches: TilePatches, root: Path):
    source = S1PatchFolder(root, {V1.format(1, 2): S1.format(1, 2), V1.format(2, 2): S1.format(2, 2)})
    v1_names = {cell: V1.format(*cell) for cell in ((1, 2), (3, 3))}  # (3, 3) is in no pair, (0, 0) has no v1 patch
    ((cell, partner),) = source.partners(patches, [(0, 0), (1, 2), (3, 3)], v1_names)
    assert (cell, partner.name) == ((1, 2), S1.format(1, 2))
    assert (partner.pixels["VV"] == -10).all()
    assert (partner.pixels["VH"] == -11).all()
    assert {band: path.name for band, path in partner.files.items()} == {
        band: f"{S1.format(1, 2)}_{band}.tif" for band in ("VV", "VH")
    }
    assert source.files_of([]) == []


def test_published_patches(real_patches: DatasetPaths, patches: TilePatches):
    path = next(real_patches.s1.glob("*/*"))
    source = S1PatchFolder(real_patches.s1, {V1.format(0, 0): path.name})
    ((_, partner),) = source.partners(patches, [(0, 0)], {(0, 0): V1.format(0, 0)})
    for band in ("VV", "VH"):
        np.testing.assert_array_equal(partner.pixels[band], read_band(path / f"{path.name}_{band}.tif"))


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.ones((100, 120), np.float32), "100 x 120 pixels of float32; expected 120 x 120 pixels of float32"),
        (np.ones((120, 120), np.uint16), "120 x 120 pixels of uint16; expected 120 x 120 pixels of float32"),
    ],
)
def test_patches_of_another_size_or_type(patches: TilePatches, root: Path, pixels: np.ndarray, message: str):
    path = write_patch(root, S1.format(1, 2), "VH", pixels)
    source = S1PatchFolder(root, {V1.format(1, 2): S1.format(1, 2)})
    with pytest.raises(RasterError, match=message) as caught:
        list(source.partners(patches, [(1, 2)], {(1, 2): V1.format(1, 2)}))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("wrong", [-9999, -99, 4000, np.nan])
def test_patches_that_are_no_backscatter(patches: TilePatches, root: Path, wrong: float):
    pixels = np.full((120, 120), -10, np.float32)
    pixels[7, 9] = wrong
    path = write_patch(root, S1.format(1, 2), "VH", pixels)
    source = S1PatchFolder(root, {V1.format(1, 2): S1.format(1, 2)})
    with pytest.raises(RasterError, match=f"has a value of {wrong}; expected backscatter") as caught:
        list(source.partners(patches, [(1, 2)], {(1, 2): V1.format(1, 2)}))
    assert str(path) in str(caught.value)


def test_missing_and_truncated_patches(patches: TilePatches, root: Path):
    source = S1PatchFolder(root, {V1.format(1, 2): S1.format(1, 2)})
    path = root / S1.format(1, 2).rsplit("_", 3)[0] / S1.format(1, 2) / f"{S1.format(1, 2)}_VH.tif"
    path.write_bytes(path.read_bytes()[:10_000])
    with pytest.raises(RasterError, match=r"_VH\.tif"):
        list(source.partners(patches, [(1, 2)], {(1, 2): V1.format(1, 2)}))
    path.unlink()
    with pytest.raises(RasterError, match=r"_VH\.tif: cannot be read"):
        list(source.partners(patches, [(1, 2)], {(1, 2): V1.format(1, 2)}))
