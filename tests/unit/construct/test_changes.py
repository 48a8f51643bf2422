"""A build that is resumed notices that what a finished tile was made of is another thing now."""

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reben.construct import build as module
from reben.construct.changes import changed_file
from reben.construct.inputs import BuildInputs
from reben.construct.options import BuildOptions
from reben.construct.plan import plan_build
from reben.construct.workspace import Workspace
from reben.io.tiff.geotiff import read_band

TILE, OTHER = (f"S2A_MSIL2A_2017061{day}T101031_N9999_R022_T33UUP" for day in (3, 5))


@pytest.fixture
def workspace(make_product: Callable[..., Path], small_land_cover: Path, tmp_path: Path) -> Workspace:
    """One of two tiles is finished."""
    product = make_product(tmp_path / "l2a", TILE)
    make_product(tmp_path / "l2a", OTHER)
    inputs = BuildInputs((tmp_path / "l2a",), BuildOptions(clc=small_land_cover))
    workspace = Workspace.of(tmp_path / "dataset")
    module._build_one(module._Task(product, TILE, inputs, workspace, 1, "first"))
    return workspace


def changed(workspace: Workspace, products: list[Path], s1_dir: Path | None = None, **noted: object) -> Path | None:
    record = workspace.records([TILE])[TILE].model_copy(update=noted)
    return changed_file(record, products, s1_dir, workspace.rows([TILE])["s1_name"].to_pylist())


def product_of(tmp_path: Path, tile: str = TILE) -> Path:
    return next((tmp_path / "l2a").glob(f"{tile}*"))


def replace_image(tmp_path: Path) -> Path:
    """Give B03 the image of B02, with the times that B03 had."""
    (source,), (target,) = (product_of(tmp_path).rglob(f"*_{band}_10m.jp2") for band in ("B02", "B03"))
    state = target.stat()
    shutil.copy(source, target)
    os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))
    return target


def test_a_replaced_image_is_found_whatever_its_times_say(workspace: Workspace, tmp_path: Path):
    products = [product_of(tmp_path)]
    assert changed(workspace, products) is None
    for path in products[0].rglob("*.jp2"):
        path.touch()
    assert changed(workspace, products) is None
    target = replace_image(tmp_path)
    assert changed(workspace, products) == target


def test_a_product_that_is_gone_or_another_one(workspace: Workspace, tmp_path: Path):
    other = product_of(tmp_path, OTHER)
    assert str(other) in str(changed(workspace, [other]))
    product = product_of(tmp_path)
    shutil.rmtree(product)
    assert changed(workspace, [product]) == product


def test_the_tile_is_built_again_and_said_so(workspace: Workspace, small_land_cover: Path, tmp_path: Path):
    target = replace_image(tmp_path)
    inputs = BuildInputs((tmp_path / "l2a",), BuildOptions(clc=small_land_cover))
    with ThreadPoolExecutor(1) as executor:
        result = module.build(plan_build(inputs.l2a), inputs, tmp_path / "dataset", executor=executor)
    assert any(TILE in said and str(target) in said and "built again" in said for said in result.remarks)
    assert not any(OTHER in said and "built again" in said for said in result.remarks)
    for folder in (tmp_path / "dataset" / "BigEarthNet-S2" / TILE).iterdir():
        one, other = (read_band(folder / f"{folder.name}_{band}.tif") for band in ("B02", "B03"))
        assert (one == other).all()
    assert not workspace.root.exists()


def test_ready_sentinel1_patches_that_changed(workspace: Workspace, tmp_path: Path):
    name = "S1B_IW_GRDH_1SDV_20170612T165809_33UUP_1_2"
    record, products = workspace.records([TILE])[TILE], [product_of(tmp_path)]

    def found(**noted: float) -> Path | None:
        return changed_file(record.model_copy(update=noted), products, tmp_path / "S1", [None, name])

    folder = tmp_path / "S1" / name.rsplit("_", 3)[0] / name
    folder.mkdir(parents=True)
    for band in ("VV", "VH"):
        (folder / f"{name}_{band}.tif").touch()
    assert found() == folder / f"{name}_VV.tif"
    later = {"finished_s": (folder / f"{name}_VH.tif").stat().st_ctime + 1000}
    assert found(**later) is None
    (folder / f"{name}_VH.tif").unlink()
    assert found(**later) == folder / f"{name}_VH.tif"
