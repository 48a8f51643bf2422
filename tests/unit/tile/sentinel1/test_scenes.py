from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from reben.core.errors import BuildError, RasterError
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import TileName
from reben.tile.patches import Cell, TilePatches
from reben.tile.sentinel1.partners import S1Partner
from reben.tile.sentinel1.scenes import find_scenes

SCENE = "S1A_IW_GRDH_1SDV_20170613T165043"
LATER = "S1B_IW_GRDH_1SDV_20170618T165003"
LAST = "S1A_IW_GRDH_1SDV_20170701T165003"
EVERYWHERE = [(column, row) for column in range(4) for row in range(4)]

Draw = Callable[..., np.ndarray]
Write = Callable[..., None]


def cut(folder: Path, patches: TilePatches, cells: Iterable[Cell] = EVERYWHERE) -> dict[Cell, S1Partner]:
    found = list(find_scenes(folder).partners(patches, list(cells), {}))
    assert len(found) == len(dict(found))
    return dict(found)


def patch_of(pixels: np.ndarray, cell: Cell) -> np.ndarray:
    column, row = cell
    return pixels[120 * row : 120 * (row + 1), 120 * column : 120 * (column + 1)]


def test_patches_of_a_scene_on_the_grid(patches: TilePatches, write_scene: Write, decibels: Draw, tmp_path: Path):
    pixels = decibels()
    write_scene(tmp_path / "deeper" / "folder", SCENE, pixels)
    found = cut(tmp_path, patches)
    assert sorted(found) == EVERYWHERE
    for cell, partner in found.items():
        assert partner.name == f"{SCENE}_33UUP_{cell[0]}_{cell[1]}"
        assert partner.files == {}
        assert {band: (part.shape, part.dtype) for band, part in partner.pixels.items()} == dict.fromkeys(
            ("VV", "VH"), ((120, 120), np.float32)
        )
        np.testing.assert_array_equal(partner.pixels["VV"], patch_of(pixels, cell))
        np.testing.assert_array_equal(partner.pixels["VH"], patch_of(pixels, cell) - np.float32(6))


def test_only_wanted_places_are_cut(patches: TilePatches, write_scene: Write, decibels: Draw, tmp_path: Path):
    write_scene(tmp_path, SCENE, decibels())
    assert sorted(cut(tmp_path, patches, [(3, 0), (1, 0), (2, 3)])) == [(1, 0), (2, 3), (3, 0)]
    assert cut(tmp_path, patches, []) == {}


@pytest.mark.parametrize("invalid", [0.0, np.nan, -99.0])
@pytest.mark.parametrize("band", ["VV", "VH"])
def test_a_patch_with_one_pixel_without_value_is_not_taken(
    *,
    patches: TilePatches,
    write_raster: Callable[..., Path],
    decibels: Draw,
    tmp_path: Path,
    invalid: float,
    band: str,
):
    for name in ("VV", "VH"):
        pixels = decibels()
        if name == band:
            pixels[120 * 2 + 119, 120] = invalid
        write_raster(tmp_path / f"{SCENE}_{name}.tif", pixels, nodata=-99.0 if invalid == -99 else None)
    assert sorted(set(EVERYWHERE) - set(cut(tmp_path, patches))) == [(1, 2)]


def test_patches_beyond_the_scene_are_not_taken(
    patches: TilePatches, write_scene: Write, decibels: Draw, tmp_path: Path
):
    write_scene(tmp_path, SCENE, decibels(479, 361), transform=from_origin(300_000, 5_400_000, 10, 10))
    assert sorted(cut(tmp_path, patches)) == [(column, row) for column in range(3) for row in range(3)]


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"transform": from_origin(299_895, 5_400_105, 10, 10)}, (501, 501)),
        ({"crs": "EPSG:32632", "transform": from_origin(741_000, 5_402_300, 10, 10)}, (570, 580)),
    ],
)
def test_a_hole_in_a_resampled_scene(
    *,
    patches: TilePatches,
    write_scene: Write,
    decibels: Draw,
    tmp_path: Path,
    options: dict[str, object],
    shape: tuple[int, int],
):
    pixels = decibels(*shape)
    center = (301_800, 5_398_200)  # of the patch in column 1, row 1
    ((x,), (y,)) = rasterio.warp.transform("EPSG:32633", options.get("crs", "EPSG:32633"), *zip(center, strict=True))
    column, row = (int(value) for value in ~options["transform"] * (x, y))
    pixels[row - 3 : row + 3, column - 3 : column + 3] = np.nan
    write_scene(tmp_path, SCENE, pixels, **options)
    assert sorted(set(EVERYWHERE) - set(cut(tmp_path, patches))) == [(1, 1)]


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"transform": from_origin(299_895, 5_400_105, 10, 10)}, (501, 501)),
        ({"transform": from_origin(299_898, 5_400_101, 2, 2)}, (2500, 2500)),
        ({"crs": "EPSG:32632", "transform": from_origin(741_000, 5_402_300, 10, 10)}, (570, 580)),
        ({"crs": "EPSG:4326", "transform": from_origin(12.279, 48.7235, 0.00009, 0.00009)}, (520, 790)),
    ],
)
def test_a_patch_has_the_same_pixels_whichever_others_are_cut(
    *,
    patches: TilePatches,
    write_scene: Write,
    decibels: Draw,
    tmp_path: Path,
    options: dict[str, object],
    shape: tuple[int, int],
):
    """Two tiles of one place at two dates may share a Sentinel-1 patch: in a store it must be the same value."""
    write_scene(tmp_path, SCENE, decibels(*shape), **options)
    together = cut(tmp_path, patches)
    for cells in ([(1, 1)], [(1, 1), (3, 1)], [(0, 1), (1, 1)]):
        alone = cut(tmp_path, patches, cells)
        for band in ("VV", "VH"):
            np.testing.assert_array_equal(alone[1, 1].pixels[band], together[1, 1].pixels[band])


def test_the_scene_nearest_in_time_wins_and_the_next_fills_up(
    patches: TilePatches, write_scene: Write, decibels: Draw, tmp_path: Path
):
    nearest, later, last = decibels(seed=1), decibels(seed=2), decibels(seed=3)
    nearest[:, 360:] = np.nan  # without column 3
    later[240:] = np.nan  # without rows 2 and 3
    write_scene(tmp_path, LAST, last)
    write_scene(tmp_path, SCENE, nearest)
    write_scene(tmp_path, LATER, later)
    found = cut(tmp_path, patches)
    assert sorted(found) == EVERYWHERE
    for cell, partner in found.items():
        scene, pixels = (SCENE, nearest) if cell[0] < 3 else (LATER, later) if cell[1] < 2 else (LAST, last)
        assert partner.name.startswith(scene)
        np.testing.assert_array_equal(partner.pixels["VV"], patch_of(pixels, cell))


def test_before_and_after_count_alike(patches: TilePatches, write_scene: Write, decibels: Draw, tmp_path: Path):
    """The tile was taken on 13 June, 10:10:31."""
    write_scene(tmp_path, "S1A_IW_GRDH_1SDV_20170612T101031", decibels())
    write_scene(tmp_path, "S1A_IW_GRDH_1SDV_20170614T101030", decibels())
    (partner,) = cut(tmp_path, patches, [(0, 0)]).values()
    assert partner.name == "S1A_IW_GRDH_1SDV_20170614T101030_33UUP_0_0"
    write_scene(tmp_path, "S1B_IW_GRDH_1SDV_20170612T101032", decibels())
    write_scene(tmp_path, "S1A_IW_GRDH_1SDV_20170612T101032", decibels())
    (partner,) = cut(tmp_path, patches, [(0, 0)]).values()
    assert partner.name == "S1A_IW_GRDH_1SDV_20170612T101032_33UUP_0_0"  # of equals the first by name


def test_scenes_elsewhere_are_left_alone(patches: TilePatches, write_scene: Write, decibels: Draw, tmp_path: Path):
    write_scene(tmp_path, SCENE, decibels(), transform=from_origin(500_000, 5_400_000, 10, 10))
    write_scene(tmp_path, LATER, decibels())
    write_scene(tmp_path, LAST, decibels(), crs="EPSG:32603")
    assert {partner.name.rsplit("_", 3)[0] for partner in cut(tmp_path, patches).values()} == {LATER}
    names = [partner.name for partner in cut(tmp_path, patches).values()]
    read = find_scenes(tmp_path).files_of(names)
    assert read == [tmp_path / f"{LATER}_{band}.tif" for band in ("VH", "VV")]


def test_both_polarisations_in_one_file(
    patches: TilePatches, write_raster: Callable[..., Path], decibels: Draw, tmp_path: Path
):
    both = np.stack([decibels(seed=1), decibels(seed=2)])
    path = write_raster(tmp_path / f"{SCENE}_Orb_Cal_TC.tif", both, descriptions=("Gamma0_VH_db", "Gamma0_VV_db"))
    partner = cut(tmp_path, patches)[2, 1]
    np.testing.assert_array_equal(partner.pixels["VH"], patch_of(both[0], (2, 1)))
    np.testing.assert_array_equal(partner.pixels["VV"], patch_of(both[1], (2, 1)))
    assert find_scenes(tmp_path).files_of([partner.name]) == [path]


@pytest.mark.parametrize(
    ("folder", "files"),
    [
        ("", "S1A_IW_20170613T165043_DVP_RTC10_G_gduned_0A1B_{}.tif"),
        ("", "S1A__IW___D_20170613T165043_{}_grd_mli_geo_norm_db.tif"),
        ("", "S1A_IW_GRDH_1SDV_20170613T165043_20170613T165108_017014_01C5A5_E5F8_{}.tiff"),
        (f"{SCENE}_20170613T165108_017014_01C5A5_E5F8", "{}.tif"),
        (f"{SCENE}_20170613T165108_017014_01C5A5_E5F8.SAFE/deeper", "Gamma0_{}.TIF"),
    ],
)
def test_names_of_common_processors(
    *, patches: TilePatches, write_raster: Callable[..., Path], decibels: Draw, tmp_path: Path, folder: str, files: str
):
    for band in ("VV", "VH"):
        write_raster(tmp_path / folder / files.format(band), decibels())
    (tmp_path / folder / f"{SCENE}_notes_VV.txt").write_text("no raster")
    write_raster(tmp_path / folder / f"{SCENE}_dem.tif", decibels())
    assert {partner.name for partner in cut(tmp_path, patches, [(3, 2)]).values()} == {f"{SCENE}_33UUP_3_2"}


def test_the_folder_that_is_given_may_have_the_scene_id(
    patches: TilePatches, write_raster: Callable[..., Path], decibels: Draw, tmp_path: Path
):
    for band in ("VV", "VH"):
        write_raster(tmp_path / SCENE / f"{band}.tif", decibels())
    assert len(cut(tmp_path / SCENE, patches)) == 16


def test_a_real_crop_of_pyrosar(shared_data: Path, write_raster: Callable[..., Path], tmp_path: Path):
    """20 m pixels, geocoded between the grid, with nodata -99; VH is made of VV."""
    (path,) = (shared_data / "s1").glob("*.tif")
    with rasterio.open(path) as source:
        vv, cell, crs = source.read(1), source.transform, source.crs.to_string()
    write_raster(tmp_path / path.name.replace("_VV_", "_VH_"), vv - np.float32(6), transform=cell, crs=crs, nodata=-99)
    (tmp_path / path.name).symlink_to(path)
    extent = TileExtent("EPSG:32631", 620_040, 4_830_120, 6_000)
    patches = TilePatches(TileName.parse("S2A_MSIL2A_20150706T105016_N9999_R051_T31TFJ"), extent, PatchGrid(6_000))
    found = cut(tmp_path, patches, [(column, row) for column in range(5) for row in range(5)])
    # It begins 8.24 m east and 5.30 m south of the grid and is 5,360 m wide and 4,340 m high.
    assert sorted(found) == [(column, row) for column in range(1, 4) for row in range(1, 3)]
    partner = found[1, 1]
    assert partner.name == "S1A_IW_GRDH_1SDV_20150309T173017_31TFJ_1_1"
    np.testing.assert_allclose(partner.pixels["VH"], partner.pixels["VV"] - 6, atol=1e-4)

    power, x, y = 10 ** (vv.astype(float) / 10), 621_240 + 10 * 17 + 5, 4_828_920 - 10 * 31 - 5
    column, row = ((x - cell.c) / 20 - 0.5, (cell.f - y) / 20 - 0.5)
    left, top = int(column), int(row)
    across, down = column - left, row - top
    near = power[top : top + 2, left : left + 2]
    expected = (1 - down) * ((1 - across) * near[0, 0] + across * near[0, 1]) + down * (
        (1 - across) * near[1, 0] + across * near[1, 1]
    )
    assert partner.pixels["VV"][31, 17] == pytest.approx(10 * np.log10(expected), abs=1e-3)


def test_linear_power_instead_of_decibels(
    patches: TilePatches, write_scene: Write, write_raster: Callable[..., Path], decibels: Draw, tmp_path: Path
):
    write_scene(tmp_path, SCENE, decibels())
    path = write_raster(tmp_path / f"{SCENE}_VH.tif", 10 ** (decibels() / 10))
    with pytest.raises(RasterError, match="taken as db, as nothing says otherwise") as caught:
        cut(tmp_path, patches)
    assert str(path) in str(caught.value)
    assert "--s1-unit" in caught.value.hint


def test_a_few_bright_pixels_at_the_border_of_a_scene_are_no_reason_to_stop(
    patches: TilePatches, write_scene: Write, decibels: Draw, tmp_path: Path
):
    """Ships and buildings reach beyond 0 dB; here nothing else of the scene lies on the lowest row of patches."""
    pixels = decibels(362, 480)
    pixels[360:] = np.nan
    pixels[360:, 100:103] = 9
    write_scene(tmp_path, SCENE, pixels + np.float32(6))
    assert sorted(cut(tmp_path, patches)) == [(column, row) for column in range(4) for row in range(3)]


def test_a_patch_without_a_value_below_0_in_a_scene_of_decibels(
    patches: TilePatches, write_scene: Write, write_raster: Callable[..., Path], decibels: Draw, tmp_path: Path
):
    pixels = decibels()
    pixels[:120, :120] = 0.1
    write_scene(tmp_path, SCENE, decibels())
    path = write_raster(tmp_path / f"{SCENE}_VH.tif", pixels)
    with pytest.raises(RasterError, match="this is linear power or amplitude, expected decibels") as caught:
        cut(tmp_path, patches)
    assert str(path) in str(caught.value)


def test_side_files_of_macos_are_left_alone(patches: TilePatches, write_scene: Write, decibels: Draw, tmp_path: Path):
    write_scene(tmp_path, SCENE, decibels())
    (tmp_path / f"._{SCENE}_VV.tif").write_bytes(b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(4000))
    assert len(cut(tmp_path, patches)) == 16


def test_fill_values_do_not_cover_a_patch(patches: TilePatches, write_scene: Write, decibels: Draw, tmp_path: Path):
    pixels = decibels()
    pixels[:121] = -9999
    write_scene(tmp_path, SCENE, pixels)
    for path in tmp_path.glob("*_VH.tif"):
        path.unlink()
    write_scene(tmp_path / "vh", SCENE, decibels())
    (tmp_path / "vh" / f"{SCENE}_VV.tif").unlink()
    assert {row for _, row in cut(tmp_path, patches)} == {2, 3}


def test_what_names_say_is_remarked(write_scene: Write, decibels: Draw, tmp_path: Path):
    write_scene(tmp_path / "rtc", SCENE, decibels(10))
    (said,) = find_scenes(tmp_path).remarks()
    assert f"{SCENE} are gamma nought" in said


def test_a_truncated_scene(patches: TilePatches, write_scene: Write, decibels: Draw, tmp_path: Path):
    write_scene(tmp_path, SCENE, decibels())
    path = tmp_path / f"{SCENE}_VV.tif"
    path.write_bytes(path.read_bytes()[:400_000])
    with pytest.raises(RasterError, match=r"_VV\.tif: cannot be read"):
        cut(tmp_path, patches)


def test_a_scene_lacks_a_polarisation(write_scene: Write, decibels: Draw, tmp_path: Path):
    write_scene(tmp_path, SCENE, decibels(10))
    write_scene(tmp_path, LATER, decibels(10))
    (tmp_path / f"{LATER}_VH.tif").unlink()
    with pytest.raises(BuildError, match=f"scene {LATER} lacks VH"):
        find_scenes(tmp_path)


def test_a_polarisation_twice(write_scene: Write, write_raster: Callable[..., Path], decibels: Draw, tmp_path: Path):
    write_scene(tmp_path, SCENE, decibels(10))
    again = write_raster(tmp_path / "again" / f"{SCENE}_VV.tif", decibels(10))
    with pytest.raises(BuildError, match=f"scene {SCENE} has VV twice") as caught:
        find_scenes(tmp_path)
    assert str(again) in str(caught.value)


def test_a_polarisation_twice_in_one_file(write_raster: Callable[..., Path], decibels: Draw, tmp_path: Path):
    bands = np.stack([decibels(10, seed=seed) for seed in range(3)])
    write_raster(tmp_path / f"{SCENE}.tif", bands, descriptions=("Sigma0_VV_db", "Gamma0_VV_db", "Gamma0_VH_db"))
    with pytest.raises((BuildError, RasterError), match="has VV twice"):
        find_scenes(tmp_path)


def test_a_raster_of_no_scene(write_raster: Callable[..., Path], decibels: Draw, tmp_path: Path):
    write_raster(tmp_path / "mosaic_VV.tif", decibels(10))
    with pytest.raises(BuildError, match=r"mosaic_VV\.tif: has no scene id in its name or in that of its folder"):
        find_scenes(tmp_path)


def test_no_scene(write_raster: Callable[..., Path], decibels: Draw, tmp_path: Path):
    with pytest.raises(BuildError, match="no scene found") as caught:
        find_scenes(tmp_path)
    assert "S1A_IW_GRDH_1SDV_20170613T165043_VV.tif" in caught.value.hint
    path = write_raster(tmp_path / "dem.tif", decibels(10))
    with pytest.raises(BuildError, match="no scene found"):
        find_scenes(tmp_path)
    for folder in (tmp_path / "missing", path):
        with pytest.raises(BuildError, match="is not a directory"):
            find_scenes(folder)
