"""An experiment does what is missing, goes on with what was stopped, and leaves the rest alone."""

from pathlib import Path

import pytest

from reben.core.errors import RecipeError, TargetExistsError
from reben.io.dataset.paths import DatasetPaths
from reben.learn.training.hardware import Hardware
from reben.learn.training.recipe import make_recipe
from reben.learn.training.run_directory import RunDirectory
from reben.paper import experiment as module
from reben.paper.experiment import PlannedRun, plan_paper, read_scores, run_experiment, state_of
from reben.work import atomic
from stand_ins.command import run_reben


def test_the_paper_has_72_runs():
    plan = plan_paper()
    assert len(plan) == len({planned.name for planned in plan}) == 72
    assert {planned.recipe.epochs for planned in plan} == {100}
    assert {planned.recipe.seed for planned in plan} == {42, 43, 44}
    few = plan_paper(models=["resnet50"], modalities=["s1", "all"], seeds=[7], epochs=2)
    assert [planned.name for planned in few] == ["resnet50-s1-7", "resnet50-all-7"]
    assert {planned.recipe.epochs for planned in few} == {2}


@pytest.mark.parametrize("options", [{"models": ["resnet18"]}, {"modalities": ["s3"]}])
def test_other_models_are_none_of_the_papers(options: dict):
    with pytest.raises(RecipeError, match="is not part of the paper") as caught:
        plan_paper(**options)
    assert "choose out of" in caught.value.hint


@pytest.fixture
def plan() -> list[PlannedRun]:
    options = {"model": "test_resnet", "epochs": 2, "batch_size": 8, "warmup_steps": 0}
    return [PlannedRun(f"run-{bands}", make_recipe(bands=bands, **options)) for bands in ("s1", "s2")]


def test_runs_are_done_once(plan: list[PlannedRun], tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    begun: list[str] = []

    def run() -> list[str]:
        data = {"store": tiny_store, "metadata": [tiny_dataset.metadata]}
        return [state for _, state in run_experiment(plan, tmp_path, **data, report=begun.append)]

    assert run() == ["finished", "finished"]
    assert begun == ["run-s1: training", "run-s1: testing", "run-s2: training", "run-s2: testing"]
    scores = read_scores(RunDirectory(tmp_path / "run-s1"))
    assert 0 < scores["ap_macro"] < 1
    begun.clear()
    assert run() == ["finished", "finished"]
    assert not begun

    RunDirectory(tmp_path / "run-s2").test.unlink()  # stopped before its test
    assert state_of(RunDirectory(tmp_path / "run-s2")) == "trained"
    run()
    assert begun == ["run-s2: testing"]


def test_stopped_runs_go_on_and_busy_ones_are_left_alone(
    plan: list[PlannedRun], tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path
):
    data = {"store": tiny_store, "metadata": [tiny_dataset.metadata]}

    def stop(_row: dict) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        list(run_experiment(plan[:1], tmp_path, **data, report_epoch=stop))
    assert state_of(RunDirectory(tmp_path / "run-s1")) == "unfinished"
    with atomic.locked(tmp_path / "run-s2"):
        begun: list[str] = []
        states = [state for _, state in run_experiment(plan, tmp_path, **data, report=begun.append)]
    assert states == ["finished", "busy"]
    assert begun[0] == "run-s1: going on with training"


def test_the_list_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "train", None)
    (tmp_path / "resnet50-s1-42").mkdir()
    (tmp_path / "resnet50-s1-42" / "recipe.json").write_text("{}")
    options = ["experiment", "paper", "--output", str(tmp_path), "--models", "resnet50", "--list"]
    lines = run_reben(*options).stdout.splitlines()
    assert len(lines) == 9
    assert lines[0].split() == ["0", "unfinished", "resnet50-s1-42"]
    assert lines[1].split() == ["1", "missing", "resnet50-s1-43"]


@pytest.mark.parametrize("options", [[], ["--store", "x", "--metadata", "y", "--index", "99"]])
def test_wrong_options(tmp_path: Path, options: list[str]):
    run_reben("experiment", "paper", "--output", tmp_path, *options, code=2)


def test_processes_of_one_command_do_not_part_at_a_run_of_others(
    plan: list[PlannedRun], tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path
):
    runs = run_experiment(
        plan,
        tmp_path,
        store=tiny_store,
        metadata=[tiny_dataset.metadata],
        hardware=Hardware(accelerator="cpu", devices=2),
    )
    with atomic.locked(tmp_path / "run-s1"), pytest.raises(TargetExistsError):
        next(runs)


def test_seeds_are_numbers(tmp_path: Path):
    said = run_reben("experiment", "paper", "--seeds", "a", "--list", "--output", tmp_path, code=2).stderr
    assert "whole numbers" in said
