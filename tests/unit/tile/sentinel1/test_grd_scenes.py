from pathlib import Path

import numpy as np
import pytest

from reben.core.backscatter import Unit
from reben.core.errors import BuildError, ProductError, RasterError
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import TileName
from reben.io.safe.grd.product import open_grd
from reben.tile.patches import TilePatches
from reben.tile.sentinel1.grd.choices import Choices
from reben.tile.sentinel1.grd.rasters import write_pass
from reben.tile.sentinel1.grd.tile_pass import passes_over
from reben.tile.sentinel1.grd_scenes import find_s1_scenes, s1_files
from reben.tile.sentinel1.scenes import S1Scenes
from stand_ins.grd import CRS, Grd, write_dem

TILE = TileName.parse("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP")
EVERYWHERE = [(column, row) for column in range(4) for row in range(4)]
LATER = Grd(start=Grd().start.replace(day=25), take="OTHER")


@pytest.fixture
def patches() -> TilePatches:
    return TilePatches(TILE, TileExtent(CRS, 300_000.0, 5_400_000.0, 4_800), PatchGrid(4_800))


@pytest.fixture
def dem(tmp_path: Path) -> Path:
    return write_dem(tmp_path / "dem.tif")


def write(folder: Path, product: Grd, level: float = 100.0) -> Path:
    return product.write(folder, lambda lines, _: np.full(lines.shape, level))


def test_patches_are_cut_from_the_nearest_pass(patches: TilePatches, dem: Path, tmp_path: Path):
    write(tmp_path / "s1", LATER, level=300)
    near = write(tmp_path / "s1", Grd())
    source = find_s1_scenes(tmp_path / "s1", dem=dem)
    found = dict(source.partners(patches, EVERYWHERE, {}))
    assert sorted(found) == EVERYWHERE
    for (column, row), partner in found.items():
        assert partner.name == f"S1A_IW_GRDH_1SDV_20170613T165043_33UUP_{column}_{row}"
        assert partner.pixels["VV"].shape == (120, 120)
        assert partner.pixels["VV"] == pytest.approx(20 * np.log10(100 / 500), abs=1e-3)
        assert partner.pixels["VH"] == pytest.approx(20 * np.log10(50 / 500), abs=1e-3)
    files = source.files_of([partner.name for partner in found.values()])
    assert {file.parents[1] for file in files} == {near}
    assert source.remarks() == ()


def test_another_pass_fills_what_the_nearest_leaves(patches: TilePatches, dem: Path, tmp_path: Path):
    write(tmp_path / "s1", Grd(lines=430))
    write(tmp_path / "s1", LATER, level=300)
    found = dict(find_s1_scenes(tmp_path / "s1", dem=dem).partners(patches, EVERYWHERE, {}))
    scenes = {cell: partner.name[:32] for cell, partner in found.items()}
    assert sorted(found) == EVERYWHERE
    assert {scenes[column, 0] for column in range(4)} == {Grd().scene}
    assert {scenes[column, 3] for column in range(4)} == {LATER.scene}


def test_only_what_is_wanted_is_made(patches: TilePatches, dem: Path, tmp_path: Path):
    write(tmp_path / "s1", Grd())
    source = find_s1_scenes(tmp_path / "s1", dem=dem)
    assert [cell for cell, _ in source.partners(patches, [(1, 2)], {})] == [(1, 2)]
    assert list(source.partners(patches, [], {})) == []


def test_files_that_decide_are_those_of_the_products(dem: Path, tmp_path: Path):
    path = write(tmp_path / "s1", Grd(lines=40, pixels=40))
    assert len(s1_files(tmp_path / "s1")) == 8  # annotation, calibration, noise and image of both polarisations
    assert s1_files(path) == s1_files(tmp_path / "s1")
    assert s1_files(tmp_path) == s1_files(path)
    assert dem not in s1_files(path)


def test_rasters_are_found_as_before(tmp_path: Path, dem: Path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(BuildError, match="no scene found"):
        find_s1_scenes(tmp_path / "empty")
    with pytest.raises(BuildError, match="holds no GRD product; --s1-dem"):
        find_s1_scenes(tmp_path / "empty", dem=dem)


def test_options_that_do_not_fit_are_refused(tmp_path: Path, dem: Path):
    place = tmp_path / "s1"
    path = write(place, Grd(lines=40, pixels=40))
    with pytest.raises(BuildError, match="need an elevation model") as caught:
        find_s1_scenes(place)
    assert "--s1-dem" in caught.value.hint
    with pytest.raises(BuildError, match="whose unit is known"):
        find_s1_scenes(place, Unit.db, dem=dem)
    with pytest.raises(RasterError, match="cannot be read"):
        find_s1_scenes(path, dem=tmp_path / "missing.tif")
    write_dem(place / "S1A_IW_GRDH_1SDV_20170613T165043_VV.tif")
    with pytest.raises(BuildError, match="holds both GRD products and geocoded rasters"):
        find_s1_scenes(place, dem=dem)
    (place / "S1A_IW_GRDH_1SDV_20170613T165043_VV.tif").unlink()
    for file in path.rglob("noise-*"):
        file.unlink()
    with pytest.raises(ProductError, match="lacks noise of VV"):
        find_s1_scenes(place, dem=dem)


def test_scenes_of_a_tile_are_not_cut_for_its_neighbours(patches: TilePatches, dem: Path, tmp_path: Path):
    products = [open_grd(write(tmp_path / "s1", Grd()))]
    (tile_pass,) = passes_over(products, patches.extent, Choices(dem))
    for tile in ("33UUP", "33UVP"):
        folder = tmp_path / "made" / tile
        folder.mkdir(parents=True)
        write_pass(tile_pass, tile, folder)
    scenes = find_s1_scenes(tmp_path / "made")
    assert isinstance(scenes, S1Scenes)
    assert [scene.tile for scene in scenes.scenes] == ["33UUP", "33UVP"]
    neighbour = TilePatches(TileName.parse(str(TILE).replace("33UUP", "32UQU")), patches.extent, patches.grid)
    assert len(dict(scenes.partners(patches, EVERYWHERE, {}))) == 16
    assert dict(scenes.partners(neighbour, EVERYWHERE, {})) == {}
