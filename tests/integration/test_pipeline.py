"""`reben pipeline`: from a search, against the stand-in for the Data Space, to a store."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from reben.demo.area import EXTENT
from reben.demo.inputs import write_raw_inputs
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store
from stand_ins.command import run_reben as reben
from stand_ins.data_space import DataSpaceStandIn, running_data_space, zipped

NAMES = [f"S2A_MSIL2A_2017061{day}T101031_N9999_R022_T33UUP_20240101T000000.SAFE" for day in (3, 5)]


@pytest.fixture
def configure(small_land_cover: Path, tmp_path: Path) -> Callable[..., Path]:
    """Write a configuration, with a relative path in it."""

    def write(**changes: Any) -> Path:
        (tmp_path / "clc.gpkg").unlink(missing_ok=True)
        (tmp_path / "clc.gpkg").symlink_to(small_land_cover)
        given = {"output": "area", "build": {"clc": "clc.gpkg"}} | changes
        (tmp_path / "area.yaml").write_text(yaml.safe_dump(given))
        return tmp_path / "area.yaml"

    return write


def report_of(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "pipeline-report.json").read_text())


def states(folder: Path) -> dict[str, str]:
    return {name: stage["state"] for name, stage in report_of(folder)["stages"].items()}


def test_from_a_search_to_a_store_and_nothing_twice(
    space: DataSpaceStandIn, configure: Callable[..., Path], tmp_path: Path
):
    search = {"tile": "33UUP", "type": "L2A", "from": "2017-06-01", "to": "2017-06-30"}
    file, area = configure(search=search), tmp_path / "area"
    result = reben("pipeline", file, "--json", "-", **space.environment)
    assert states(area) == dict.fromkeys(["search", "download", "build", "encode"], "done")
    assert json.loads(result.stdout) == report_of(area)
    assert "complete" in (area / "pipeline-report.md").read_text()
    rows = read_metadata(DatasetPaths(area / "dataset").metadata)
    store = open_store(area / "store")
    assert 0 < len(rows) == report_of(area)["stages"]["build"]["summary"]["patches"]
    assert {row["patch_id"] for row in rows.to_pylist()} <= set(store)

    asked = len(space.requests)
    marks = {path: path.stat().st_mtime_ns for path in area.rglob("*") if "pipeline" not in path.name}
    again = reben("pipeline", file, **space.environment | {"CDSE_USERNAME": "", "CDSE_PASSWORD": ""})
    assert set(states(area).values()) == {"skipped"}
    assert len(space.requests) == asked
    assert {path: path.stat().st_mtime_ns for path in marks if path != area} == {
        path: mark for path, mark in marks.items() if path != area
    }
    assert "4/4  encode: skipped" in again.stderr
    secrets = [secret for secret in space.secrets for path in area.glob("*.*") if secret in path.read_text()]
    assert not secrets


def test_a_failed_download_ends_it_and_the_next_run_goes_on(
    space: DataSpaceStandIn, configure: Callable[..., Path], tmp_path: Path
):
    first = space.entries[0]["Id"]
    space.faults[first] = ["403"]
    file, area = configure(search={"names": NAMES, "type": "L2A"}), tmp_path / "area"
    result = reben("pipeline", file, code=1, **space.environment)
    assert f"download: {NAMES[0]}: this account may not download it" in result.stderr
    assert states(area) == {"search": "done", "download": "incomplete", "build": "pending", "encode": "pending"}
    assert NAMES[0] in (area / "pipeline-report.md").read_text()
    assert not (area / "dataset").exists()
    reben("pipeline", file, **space.environment)
    assert states(area) == {"search": "skipped", "download": "done", "build": "done", "encode": "done"}


def test_what_is_whole_may_go_on_but_the_exit_code_tells(
    space: DataSpaceStandIn, configure: Callable[..., Path], tmp_path: Path
):
    space.entries[0]["Online"] = False
    file = configure(search={"names": NAMES, "type": "L2A"}, on_error="skip")
    result = reben("pipeline", file, code=1, **space.environment)
    assert f"missing after search: {NAMES[0]}: offline" in result.stderr
    assert states(tmp_path / "area") == {"search": "incomplete", "download": "done", "build": "done", "encode": "done"}
    assert report_of(tmp_path / "area")["stages"]["build"]["summary"]["tiles"] == 1


def test_products_that_lie_here_need_no_search(products: list[Path], configure: Callable[..., Path], tmp_path: Path):
    area = tmp_path / "area"
    reben("pipeline", configure(l2a=[str(products[0].parent)], encode={"shards": 2, "workers": 1}))
    assert states(area) == {"build": "done", "encode": "done"}
    assert len([path for path in (area / "store").iterdir() if path.is_dir()]) == 2

    reben("pipeline", configure(l2a=[str(products[0].parent)], encode="skip"))
    assert states(area) == {"build": "skipped"}
    build = {"clc": "clc.gpkg", "patch_size": 2400}
    error = reben("pipeline", configure(l2a=[str(products[0].parent)], build=build), code=1).stderr
    assert f"{area / 'dataset'} exists already" in error  # nothing of the user's is ever removed
    assert states(area) == {"build": "failed", "encode": "pending"}

    build |= {"format": "store"}
    reben("pipeline", configure(output="other", l2a=[str(products[1])], build=build))
    assert states(tmp_path / "other") == {"build": "done"}
    assert len(open_store(tmp_path / "other" / "dataset" / "store")) > 0


def test_a_result_that_was_removed_is_made_again(products: list[Path], configure: Callable[..., Path], tmp_path: Path):
    file, area = configure(l2a=[str(products[0])]), tmp_path / "area"
    reben("pipeline", file)
    shutil.rmtree(area / "store")
    reben("pipeline", file)
    assert states(area) == {"build": "skipped", "encode": "done"}
    (area / "pipeline-state.json").write_text("{}")
    reben("pipeline", file)  # as after a kill between the end of a stage and its note: they find their own work
    assert states(area) == {"build": "done", "encode": "done"}
    reben("pipeline", file)
    assert states(area) == {"build": "skipped", "encode": "skipped"}


def test_nothing_to_start_from(space: DataSpaceStandIn, configure: Callable[..., Path], tmp_path: Path):
    (tmp_path / "empty").mkdir()
    assert "no L2A product" in reben("pipeline", configure(l2a=["empty"]), code=1).stderr
    search = {"tile": "33UUP", "type": "L2A", "cloud": 1}
    assert "no product found" in reben("pipeline", configure(search=search), code=1, **space.environment).stderr


def test_what_a_later_stage_lacks_is_told_before_the_first(
    space: DataSpaceStandIn, configure: Callable[..., Path], tmp_path: Path
):
    file = configure(search={"names": NAMES, "type": "L2A"}, build={"clc": "missing.gpkg"})
    assert "missing.gpkg" in reben("pipeline", file, code=1, **space.environment).stderr
    assert states(tmp_path / "area") == {
        "search": "pending", "download": "pending", "build": "failed", "encode": "pending",
    }  # fmt: skip
    assert space.requests == []


def test_l1c_products_and_their_correction(configure: Callable[..., Path], tmp_path: Path):
    assert "no L1C product" in reben("pipeline", configure(l1c=["nowhere"], correct={"engine": "6s"}), code=1).stderr
    sen2cor = {"engine": "sen2cor", "sen2cor": "nowhere"}
    assert "nowhere" in reben("pipeline", configure(l1c=["nowhere"], correct=sen2cor), code=1).stderr
    assert states(tmp_path / "area") == {"correct": "failed", "build": "pending", "encode": "pending"}


def test_the_whole_chain_from_l1c(configure: Callable[..., Path], tmp_path: Path):
    """The demo's area as an L1C product: found, downloaded, corrected, built with Sentinel-1, encoded."""
    raw = write_raw_inputs(tmp_path / "raw", extent=replace(EXTENT, side_m=9_000))
    (product,) = raw.l1c.iterdir()
    with running_data_space() as space:
        space.add(product.name, zipped(product))
        shutil.rmtree(raw.l1c)
        build = {"clc": str(raw.land_cover), "s1_scenes": str(raw.s1_scenes), "countries": str(raw.countries)}
        file = configure(search={"names": [product.name]}, correct={"engine": "6s"}, build=build)
        result = reben("pipeline", file, **space.environment)
    assert "altitude: sea level" in result.stderr  # what the correction fell back on is said
    area = tmp_path / "area"
    assert states(area) == dict.fromkeys(["search", "download", "correct", "build", "encode"], "done")
    rows = read_metadata(DatasetPaths(area / "dataset").metadata).to_pylist()
    assert {row[name] for row in rows for name in ("patch_id", "s1_name")} <= set(open_store(area / "store"))
    reben("pipeline", file)
    assert set(states(area).values()) == {"skipped"}


def test_the_example_is_printed():
    assert reben("pipeline", "--example").stdout.startswith("# From a search to a store")


def test_ctrl_c_is_noted(products: list[Path], configure: Callable[..., Path], tmp_path: Path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reben.pipeline.stages.build", _interrupt)
        reben("pipeline", configure(l2a=[str(products[0])]), code=130)
    assert states(tmp_path / "area") == {"build": "stopped", "encode": "pending"}
    assert "not complete" in (tmp_path / "area" / "pipeline-report.md").read_text()


def _interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
