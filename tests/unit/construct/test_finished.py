"""The same command, given again, finds its own work, unless what it was made of is another thing now."""

import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reben.construct.build import BuildResult, build
from reben.construct.finished import finished_report
from reben.construct.inputs import BuildInputs
from reben.construct.options import BuildOptions
from reben.construct.plan import plan_build
from reben.core.errors import TargetExistsError
from reben.io.dataset.paths import DatasetPaths

TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
FAILED = "S2A_MSIL2A_20170615T101031_N9999_R022_T33UUP"


@pytest.fixture
def again(make_product: Callable[..., Path], small_land_cover: Path, tmp_path: Path) -> Callable[[], BuildResult]:
    """Build the data set of a good and a damaged product that is there already."""
    for tile in (TILE, FAILED):
        product = make_product(tmp_path / "l2a", tile)
    next(product.rglob("*_B04_10m.jp2")).write_bytes(b"damaged")
    inputs = BuildInputs((tmp_path / "l2a",), BuildOptions(clc=small_land_cover, on_error="skip"))

    def build_it() -> BuildResult:
        with ThreadPoolExecutor(1) as executor:
            plan = plan_build(inputs.l2a, skip_errors=True)
            return build(plan, inputs, tmp_path / "dataset", executor=executor)

    assert list(build_it().failed) == [FAILED]
    return build_it


def band(tmp_path: Path, tile: str, name: str) -> Path:
    (path,) = (tmp_path / "l2a").glob(f"{tile}*/**/*_{name}_10m.jp2")
    return path


def test_its_own_work(again: Callable[[], BuildResult], tmp_path: Path):
    report = DatasetPaths(tmp_path / "dataset").report.read_bytes()
    band(tmp_path, TILE, "B02").touch()
    found = again()
    assert found.report.model_dump(mode="json") == json.loads(report)
    assert list(found.failed) == [FAILED]
    assert DatasetPaths(tmp_path / "dataset").report.read_bytes() == report


def test_another_image_with_the_old_times(again: Callable[[], BuildResult], tmp_path: Path):
    path = band(tmp_path, TILE, "B03")
    state = path.stat()
    shutil.copy(band(tmp_path, TILE, "B02"), path)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    with pytest.raises(TargetExistsError):
        again()


def test_a_failed_product_that_was_fetched_again(again: Callable[[], BuildResult], tmp_path: Path):
    shutil.copy(band(tmp_path, TILE, "B04"), band(tmp_path, FAILED, "B04"))
    with pytest.raises(TargetExistsError):
        again()


def test_ready_sentinel1_patches(again: Callable[[], BuildResult], tmp_path: Path):
    del again
    paths = DatasetPaths(tmp_path / "dataset")
    parameters = json.loads(paths.report.read_text())["parameters"]
    products = {TILE: [band(tmp_path, TILE, "B02").parents[4]]}
    assert finished_report(paths.root, parameters, products, tmp_path / "S1") is not None
    paths.metadata.write_bytes(b"damaged")
    assert finished_report(paths.root, parameters, products, tmp_path / "S1") is None


@pytest.mark.parametrize("damage", [{"tiles": {TILE: {}}}, {"tiles": {TILE: 3}}, {"patches": None}])
def test_damaged_reports(again: Callable[[], BuildResult], tmp_path: Path, damage: dict[str, object]):
    path = DatasetPaths(tmp_path / "dataset").report
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    with pytest.raises(TargetExistsError):
        again()
