import csv
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from reben.core.errors import MetadataError, RecipeError, RunError, TargetExistsError
from reben.io import atomic
from reben.io.dataset_paths import DatasetPaths
from reben.learn.recipe import Recipe, make_recipe
from reben.learn.training import TrainingResult, train

RECIPE = make_recipe(model="test_resnet", bands="all", epochs=3, batch_size=4, warmup_steps=2, seed=7)


@pytest.fixture
def run(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    def run(recipe: Recipe = RECIPE, name: str = "run", **options: object) -> TrainingResult:
        return train(recipe, store=tiny_store, metadata=[tiny_dataset.metadata], output=tmp_path / name, **options)

    return run


class StopError(Exception):
    """Stands for a crash."""


def stop_after(epoch: int):
    def report(row: dict[str, float]) -> None:
        if row["epoch"] == epoch:
            raise StopError

    return report


def test_a_run_directory_says_all(run, tmp_path: Path):
    rows: list[dict[str, float]] = []
    result = run(report=rows.append)
    folder = tmp_path / "run"
    assert {path.name for path in folder.iterdir()} == {
        "config.json",
        "environment.json",
        "metrics.csv",
        "model.safetensors",
        "recipe.json",
        "result.json",
        "tensorboard",
    }
    assert list((folder / "tensorboard").glob("events*"))
    with (folder / "metrics.csv").open() as file:
        table = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in table] == [0, 1, 2] == [row["epoch"] for row in rows]
    assert all(0 <= float(row["validation/ap_macro"]) <= 1 and float(row["train/loss"]) > 0 for row in table)
    best = max(table, key=lambda row: float(row["validation/ap_macro"]))
    assert result.best_epoch == int(best["epoch"])
    assert result.best_ap_macro == pytest.approx(float(best["validation/ap_macro"]))
    assert json.loads((folder / "result.json").read_text())["best_epoch"] == result.best_epoch
    recipe = json.loads((folder / "recipe.json").read_text())
    assert (recipe["model"], recipe["seed"], recipe["batch_size"]) == ("test_resnet", 7, 4)
    assert "torch" in json.loads((folder / "environment.json").read_text())[0]["packages"]


def test_the_same_seed_gives_the_same_weights_and_another_one_others(run, tmp_path: Path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(RECIPE.model_copy(update={"seed": seed, "epochs": 1}), name)
    a, b, c = (load_file(tmp_path / name / "model.safetensors") for name in "abc")
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert any(not torch.equal(a[name], c[name]) for name in a)


@pytest.mark.parametrize("epoch", [0, 1])
def test_a_stopped_and_resumed_run_equals_an_undisturbed_one(run, tmp_path: Path, epoch: int):
    whole = run(name="whole")
    with pytest.raises(StopError):
        run(name="stopped", report=stop_after(epoch))
    assert not (tmp_path / "stopped" / "result.json").exists()
    resumed = run(name="stopped", resume=True)
    assert (resumed.best_epoch, resumed.best_ap_macro) == (whole.best_epoch, whole.best_ap_macro)
    a, b = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "stopped"))
    assert all(torch.equal(a[name], b[name]) for name in a)

    def table(name: str) -> list[list[str]]:
        with (tmp_path / name / "metrics.csv").open() as file:
            return [row[:-1] for row in csv.reader(file)]  # all but the seconds

    assert table("whole") == table("stopped")


def test_training_stops_early(run):
    recipe = RECIPE.model_copy(update={"epochs": 30, "patience": 1, "learning_rate": 1e-12})
    assert run(recipe).epochs < 30


def test_existing_runs_are_not_touched(run, tmp_path: Path):
    with pytest.raises(StopError):
        run(report=stop_after(0))
    with pytest.raises(RunError, match="a run already, which is unfinished") as caught:
        run()
    assert "--resume" in caught.value.hint
    run(resume=True)
    with pytest.raises(RunError, match="a run already, which is finished"):
        run()
    with pytest.raises(RunError, match="the run is finished"):
        run(resume=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("")
    with pytest.raises(TargetExistsError):
        run(name="other")


def test_a_run_is_only_resumed_with_its_own_settings(run):
    with pytest.raises(RunError, match="no run to resume"):
        run(resume=True)
    with pytest.raises(StopError):
        run(report=stop_after(0))
    with pytest.raises(RunError, match="batch_size was 4, is 8"):
        run(RECIPE.model_copy(update={"batch_size": 8}), resume=True)


def test_wrong_settings_leave_no_run_behind(run, tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    with pytest.raises(RecipeError, match="no model"):
        run(RECIPE.model_copy(update={"model": "nonet"}))
    with pytest.raises(MetadataError, match="no patch for the"):
        train(RECIPE, store=tiny_store, metadata=[tiny_dataset.snow_and_cloud_metadata], output=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_that_diverges_is_an_error_and_keeps_no_weights(run, tmp_path: Path):
    recipe = RECIPE.model_copy(update={"learning_rate": 1e30, "warmup_steps": 0})
    with pytest.raises(RunError, match="training has diverged") as caught:
        run(recipe)
    assert "--learning-rate" in caught.value.hint
    assert not (tmp_path / "run" / "result.json").exists()


def test_a_run_that_the_user_stops_can_be_resumed(run, tmp_path: Path):
    def interrupt(row: dict[str, float]) -> None:
        if row["epoch"] == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(report=interrupt)
    assert run(resume=True).epochs == 3
    assert len(json.loads((tmp_path / "run" / "environment.json").read_text())) == 2


def test_two_processes_do_not_train_in_one_directory(run, tmp_path: Path):
    with atomic.locked(tmp_path / "run"), pytest.raises(TargetExistsError, match="another process is writing"):
        run()
