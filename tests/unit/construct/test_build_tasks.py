"""What a worker does with its task, also when it is given it again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reben.construct import build as module
from reben.construct.inputs import BuildInputs
from reben.construct.workspace import Workspace
from reben.io import atomic

TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"


@pytest.fixture
def task(make_product: Callable[..., Path], small_land_cover: Path, tmp_path: Path) -> module._Task:
    product = make_product(tmp_path, TILE)
    inputs = BuildInputs(l2a=(tmp_path,), clc=small_land_cover)
    return module._Task(product, TILE, inputs, Workspace(tmp_path / "dataset"), "geotiff", 1, "first")


def test_a_finished_tile_is_left_alone(task: module._Task):
    """A cluster may run the task of a worker again that it has lost."""
    module._build_one(task)
    files = {path: path.stat().st_mtime_ns for path in task.workspace.root.rglob("*") if path.is_file()}
    assert len(files) > 15 * 13
    module._build_one(task)
    assert {path: path.stat().st_mtime_ns for path in task.workspace.root.rglob("*") if path.is_file()} == files


def test_a_tile_in_other_hands_is_refused(task: module._Task):
    task.workspace.root.mkdir()
    with (
        atomic.locked(task.workspace.lock_of(TILE)),
        pytest.raises(module.TargetExistsError, match="another process is writing"),
    ):
        module._build_one(task)


def test_inputs_that_changed_are_loaded_again(task: module._Task, monkeypatch: pytest.MonkeyPatch):
    loads: list[BuildInputs] = []

    def note(inputs: BuildInputs) -> None:
        loads.append(inputs)

    monkeypatch.setattr(BuildInputs, "load", note)
    module._settings.cache_clear()
    for fingerprint in ("first", "first", "second"):
        module._settings(task.inputs, fingerprint)
    assert len(loads) == 2
    module._settings.cache_clear()
