import csv
import json
from pathlib import Path

import pyarrow as pa
import pytest
import torch
from safetensors.numpy import save as save_value
from safetensors.torch import load_file

from reben.core.errors import MetadataError, RecipeError, RunError, StoreError, TargetExistsError
from reben.io.dataset.metadata import read_metadata, write_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import create_store, open_store
from reben.learn.training.hardware import Hardware
from reben.learn.training.loop import TrainingResult, train
from reben.learn.training.module import MeanLoss
from reben.learn.training.recipe import Recipe, make_recipe
from reben.learn.training.schedule import rate
from reben.work import atomic

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
    assert result.metric == "ap_macro"
    assert result.best_score == pytest.approx(float(best["validation/ap_macro"]))
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
    assert (resumed.best_epoch, resumed.best_score) == (whole.best_epoch, whole.best_score)
    a, b = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "stopped"))
    assert all(torch.equal(a[name], b[name]) for name in a)

    def table(name: str) -> list[list[str]]:
        with (tmp_path / name / "metrics.csv").open() as file:
            return [row[:-3] for row in csv.reader(file)]  # all but times

    assert table("whole") == table("stopped")


@pytest.mark.slow
def test_adapters_are_resumed_and_each_epoch_is_saved_as_plain_weights(run, tmp_path: Path):
    recipe = make_recipe(backbone="test_vit@random", adapter_rank=2, epochs=3, batch_size=4, warmup_steps=0,
                         learning_rate=1e-2, patience=3)  # fmt: skip
    whole = run(recipe, name="whole")
    with pytest.raises(StopError):
        run(recipe, name="stopped", report=stop_after(0))
    assert not any("lora" in name for name in weights(tmp_path / "stopped"))
    resumed = run(recipe, name="stopped", resume=True)
    assert (resumed.best_epoch, resumed.best_score) == (whole.best_epoch, whole.best_score)
    a, b = weights(tmp_path / "whole"), weights(tmp_path / "stopped")
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_training_stops_early(run):
    recipe = RECIPE.model_copy(update={"epochs": 30, "patience": 1, "learning_rate": 1e-12})
    assert run(recipe).epochs < 30


def test_existing_runs_are_not_touched(run, tmp_path: Path):
    with pytest.raises(StopError):
        run(report=stop_after(0))
    with pytest.raises(RunError, match="a run already, which is unfinished") as caught:
        run()
    assert "--resume" in caught.value.hint
    finished = run(resume=True)
    with pytest.raises(RunError, match="a run already, which is finished"):
        run()
    assert run(resume=True) == finished
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("")
    with pytest.raises(TargetExistsError):
        run(name="other")


def test_a_run_that_lacks_its_test_only_is_not_trained_again(run, tmp_path: Path):
    trained = run()
    weights = (tmp_path / "run" / "model.safetensors").stat()
    assert run(resume=True) == trained
    with pytest.raises(RunError, match="batch_size was 4, is 8"):
        run(RECIPE.model_copy(update={"batch_size": 8}), resume=True)
    with pytest.raises(RunError, match="a run already, which is finished"):
        run()
    (tmp_path / "run" / "test.json").write_text("{}")
    assert run(resume=True) == trained
    assert (tmp_path / "run" / "model.safetensors").stat().st_mtime_ns == weights.st_mtime_ns


def test_what_a_killed_process_left_of_a_finished_run_is_removed(run, tmp_path: Path):
    trained = run()
    whole = {path.name for path in tmp_path.rglob("*")}
    (tmp_path / "run" / "checkpoints").mkdir()
    (tmp_path / "run" / "checkpoints" / "last.safetensors").touch()
    (tmp_path / "run" / ".result.json~0.lock").touch()
    (tmp_path / "run" / ".result.json~0.partial").touch()
    (tmp_path / ".run.lock").touch()
    assert run(resume=True) == trained
    assert {path.name for path in tmp_path.rglob("*")} == whole


def test_a_run_that_was_killed_while_it_wrote_its_first_file_can_be_started(run, tmp_path: Path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / ".recipe.json~0.lock").touch()
    (tmp_path / "run" / ".recipe.json~0.partial").write_text("{")
    with pytest.raises(RunError, match="no run to resume"):
        run(resume=True)
    assert run().epochs > 0


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


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


SMOOTH = make_recipe(  # without batch normalisation and dropout, parts of a batch do not know of one another
    model="test_convnext", epochs=2, batch_size=8, warmup_steps=0, dropout=0, drop_path=0, seed=3, learning_rate=0.1
)


@pytest.fixture
def plain_descent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps in proportion to gradients: AdamW blows the rounding of a tiny gradient up to a whole step."""
    monkeypatch.setattr(
        torch.optim,
        "AdamW",
        lambda parameters, lr, weight_decay: torch.optim.SGD(parameters, lr, weight_decay=weight_decay),
    )


def expect_close(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, tensor in one.items():
        torch.testing.assert_close(tensor, other[name], rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("plain_descent")
def test_gradients_of_parts_are_those_of_the_whole_batch(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    rows = read_metadata([tiny_dataset.metadata])
    first = rows["split"].to_pylist().index("train")
    write_metadata(tmp_path / "odd.parquet", pa.concat_tables([rows[:first], rows[first + 1 :]]))  # 13 = 8 + 3 + 2
    for name, parts in (("whole", 1), ("parts", 2)):
        recipe = SMOOTH.model_copy(update={"accumulate": parts})
        train(recipe, store=tiny_store, metadata=[tmp_path / "odd.parquet"], output=tmp_path / name)
    expect_close(weights(tmp_path / "whole"), weights(tmp_path / "parts"))


@pytest.mark.slow
def test_segmentation_learns_and_is_resumed(run, tmp_path: Path):
    recipe = RECIPE.model_copy(update={"task": "segmentation", "epochs": 2})
    whole = run(recipe, "whole")
    assert whole.metric == "mean_iou"
    with (tmp_path / "whole" / "metrics.csv").open() as file:
        table = list(csv.DictReader(file))
    assert whole.best_score == pytest.approx(max(float(row["validation/mean_iou"]) for row in table))
    assert float(table[-1]["train/loss"]) < float(table[0]["train/loss"])
    with pytest.raises(StopError):
        run(recipe, "stopped", report=stop_after(1))
    run(recipe, "stopped", resume=True)
    a, b = weights(tmp_path / "whole"), weights(tmp_path / "stopped")
    assert all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.usefixtures("plain_descent")
def test_bfloat16_and_channels_last_learn_and_are_saved_as_usual(run, tmp_path: Path):
    recipe = RECIPE.model_copy(update={"epochs": 1, "dropout": 0.0, "drop_path": 0.0})
    run(recipe, "plain")
    run(recipe.model_copy(update={"channels_last": True}), "last")
    run(recipe.model_copy(update={"precision": "bfloat16", "channels_last": True}), "brief")
    plain, last, brief = (weights(tmp_path / name) for name in ("plain", "last", "brief"))
    expect_close(plain, last)
    assert {tensor.dtype for tensor in brief.values()} == {tensor.dtype for tensor in plain.values()}
    assert any(not torch.equal(plain[name], brief[name]) for name in plain)


@pytest.mark.slow
@pytest.mark.usefixtures("plain_descent")
def test_a_compiled_model_learns_the_same_and_is_saved_as_usual(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    compiled = []

    def compile_without_code_generation(model: torch.nn.Module) -> None:  # inductor takes minutes on a CPU
        compiled.append(model)
        model._compiled_call_impl = torch.compile(model._call_impl, backend="eager", dynamic=True)

    monkeypatch.setattr(torch.nn.Module, "compile", compile_without_code_generation)
    recipe = SMOOTH.model_copy(update={"epochs": 1})
    run(recipe, "plain")
    run(recipe.model_copy(update={"compile": True}), "compiled")
    assert len(compiled) == 1
    expect_close(weights(tmp_path / "plain"), weights(tmp_path / "compiled"))


def test_the_learning_rate_of_every_step_is_that_of_the_formula(run, monkeypatch: pytest.MonkeyPatch):
    rates: list[float] = []
    step = torch.optim.AdamW.step

    def note(optimizer: torch.optim.AdamW, *arguments: object, **options: object) -> object:
        rates.append(optimizer.param_groups[0]["lr"])
        return step(optimizer, *arguments, **options)

    monkeypatch.setattr(torch.optim.AdamW, "step", note)
    recipe = RECIPE.model_copy(update={"warmup_steps": 3, "accumulate": 2})
    with pytest.raises(StopError):
        run(recipe, report=stop_after(1))
    stopped, resumed = len(rates), run(recipe, resume=True)
    epoch = stopped // 2  # the checkpoint of the last epoch had not been written yet
    expected = [recipe.learning_rate * rate(n, warmup_steps=3, total_steps=3 * epoch) for n in range(3 * epoch)]
    assert resumed.epochs == 3
    assert rates[:stopped] == pytest.approx(expected[:stopped])
    assert rates[stopped:] == pytest.approx(expected[epoch:])


def test_the_share_of_time_spent_on_waiting_is_written_down(run):
    rows: list[dict[str, float]] = []
    run(RECIPE.model_copy(update={"epochs": 1}), report=rows.append)
    assert 0 < rows[0]["waiting_share"] < 1


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_learns_in_bfloat16_with_channels_last_and_compiled(run):
    recipe = RECIPE.model_copy(update={"precision": "bfloat16", "channels_last": True, "compile": True, "epochs": 1})
    assert run(recipe, hardware=Hardware(accelerator="gpu")).epochs == 1


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two GPUs")
def test_two_gpus_learn_together(run):
    assert run(SMOOTH, hardware=Hardware(accelerator="gpu", devices=2)).epochs == SMOOTH.epochs


def test_the_mean_loss_is_weighted_by_patches_and_keeps_nan():
    mean = MeanLoss()
    mean.update(torch.tensor(1.0), 3)
    mean.update(torch.tensor(2.0), 1)
    assert mean.compute().item() == 1.25
    mean.update(torch.tensor(float("nan")), 1)
    assert mean.compute().isnan()


def test_a_run_starts_from_another_one(run, tmp_path: Path):
    run(RECIPE.model_copy(update={"epochs": 1}), "first")
    notes: list[str] = []
    again = make_recipe(init=str(tmp_path / "first"), epochs=1, batch_size=4, warmup_steps=0, learning_rate=1e-12)
    run(again, "second", note=notes.append)
    assert notes == [f"starting from the model {tmp_path / 'first'}: all layers kept"]
    for name, tensor in weights(tmp_path / "first").items():
        if tensor.is_floating_point() and "running" not in name:
            torch.testing.assert_close(weights(tmp_path / "second")[name], tensor)


def test_a_frozen_backbone_stays_as_it_is(run, tmp_path: Path):
    run(RECIPE.model_copy(update={"epochs": 1}), "first")
    run(make_recipe(init=str(tmp_path / "first"), freeze=True, epochs=1, batch_size=4, warmup_steps=0), "second")
    before, after = weights(tmp_path / "first"), weights(tmp_path / "second")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"model.vision_encoder.fc.weight", "model.vision_encoder.fc.bias"}


def test_weights_of_another_architecture_are_refused(run, tmp_path: Path):
    run(RECIPE.model_copy(update={"epochs": 1}), "first")
    with pytest.raises(RecipeError, match="model = test_convnext: the weights to start from are of test_resnet"):
        run(make_recipe(init=str(tmp_path / "first"), model="test_convnext", batch_size=4), "second")
    assert not (tmp_path / "second").exists()


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "focal", "class_weights": "balanced"},
        {"loss": "asymmetric", "optimizer": "sgd", "learning_rate": 1e-2},
        {"task": "segmentation", "class_weights": "balanced", "optimizer": "adam"},
        {"task": "segmentation", "loss": "dice", "freeze": True},
    ],
)
def test_losses_and_optimisers_of_the_table_train(run, settings: dict):
    rows: list[dict] = []
    run(RECIPE.model_copy(update={"epochs": 1, **settings}), report=rows.append)
    assert 0 < rows[0]["train/loss"] < 100


def test_own_augmentation_sees_training_patches_only(run, tmp_path: Path):
    seen = tmp_path / "seen.txt"
    code = f"""
def note(sample):
    with open({str(seen)!r}, "a") as file:
        print(sample["patch_id"], file=file)
    return {{**sample, "image": sample["image"] * 0}}
"""
    (tmp_path / "mine.py").write_text(code)
    run(RECIPE.model_copy(update={"epochs": 1, "augmentation": f"{tmp_path / 'mine.py'}:note"}))
    run(RECIPE.model_copy(update={"epochs": 1}), "plain")
    assert len(seen.read_text().split()) >= 4
    assert not torch.equal(*(weights(tmp_path / name)["model.vision_encoder.fc.bias"] for name in ("run", "plain")))


def test_a_nan_pixel_is_named_before_an_epoch_is_wasted(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    rows = read_metadata(tiny_dataset.metadata).to_pylist()
    name = next(row["s1_name"] for row in rows if row["split"] == "train")
    store = open_store(tiny_store)
    with create_store(tmp_path / "store") as writer:
        for key in store:
            tensors = {band: pixels.copy() for band, pixels in store[key].items()}
            if key == name:
                tensors["VH"][7, 5] = float("nan")
            writer.write([(key, save_value(tensors))])
    with pytest.raises(StoreError, match=f"key '{name}': VH is nan in row 7, column 5"):
        train(RECIPE, store=tmp_path / "store", metadata=[tiny_dataset.metadata], output=tmp_path / "run")


def test_odd_settings_are_noted(run):
    notes: list[str] = []
    run(RECIPE.model_copy(update={"epochs": 1, "batch_size": 512, "snow_and_cloud": True}), note=notes.append)
    assert "fewer than --batch-size 512" in notes[0]
    assert "--snow-and-cloud has no effect" in notes[1]


def test_runs_of_before_these_settings_can_be_resumed(run, tmp_path: Path):
    with pytest.raises(StopError):
        run(report=stop_after(1))
    file = tmp_path / "run" / "recipe.json"
    old = {
        name: value for name, value in json.loads(file.read_text()).items() if name not in {"init", "loss", "freeze"}
    }
    file.write_text(json.dumps(old))
    assert run(resume=True).epochs == 3
