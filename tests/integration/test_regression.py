"""Regression from the command line: the share of a class, and a column of the metadata tables."""

import json
from pathlib import Path

import geopandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import reben
from reben.core.classes import CLC2018
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from stand_ins.command import run_reben

FAST = ("--model", "test_resnet", "--batch-size", 8, "--warmup-steps", 0, "--accelerator", "cpu", "--dropout", 0)


@pytest.fixture(scope="module")
def table(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The metadata of the tiny data set with a number that the pixels tell: the mean of B08, in thousands, plus 500."""
    rows, store = read_metadata([tiny_dataset.metadata]), reben.open_store(tiny_store)
    brightness = [500 + float(store[patch]["B08"].mean()) / 1000 for patch in rows["patch_id"].to_pylist()]
    path = tmp_path_factory.mktemp("regression") / "metadata.parquet"
    pq.write_table(rows.append_column("brightness", pa.array(brightness)), path)
    return path


@pytest.fixture(scope="module")
def run(table: Path, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("regression") / "run"
    found = run_reben(
        "train", "--store", tiny_store, "--metadata", table, "--output", output, "--task", "regression", "--target",
        "brightness", "--bands", "B08", "--epochs", 12, "--learning-rate", 0.01, *FAST,
    )  # fmt: skip
    assert "validation R2" in found.stdout
    assert "validation: loss" in found.stderr
    return output


def test_a_model_learns_a_number_of_the_tables(run: Path, table: Path, tiny_store: Path, tmp_path: Path):
    inputs = ("--checkpoint", run, "--store", tiny_store, "--metadata", table)
    scores = tmp_path / "scores.json"
    said = run_reben("evaluate", *inputs, "--split", "train", "--bootstrap", 50, "--json", scores).stdout
    found = json.loads(scores.read_text())
    assert "R2 " in said
    assert "95 % confidence" in said
    assert found["rmse"] < found["mean_rmse"]  # it has learnt something
    assert (
        found["intervals"]["by_metric"]["rmse"]["low"] < found["rmse"] < found["intervals"]["by_metric"]["rmse"]["high"]
    )
    assert found["calibration"] is None
    refused = run_reben("evaluate", *inputs, "--thresholds", code=1).stderr
    assert "a regression model has no thresholds" in refused


def test_numbers_are_predicted_in_the_unit_of_the_target(run: Path, table: Path, tiny_store: Path, tmp_path: Path):
    rows = pq.read_table(table).select(["patch_id", "labels", "split"])  # what is predicted need not be known
    plain = tmp_path / "plain.parquet"
    pq.write_table(rows, plain)
    inputs = ("--checkpoint", run, "--store", tiny_store, "--metadata", plain)
    for ending in ("parquet", "csv", "json", "gpkg"):
        run_reben("predict", *inputs, "--output", tmp_path / f"numbers.{ending}")
    found = json.loads((tmp_path / "numbers.json").read_text())
    placed = geopandas.read_file(tmp_path / "numbers.gpkg").set_index("patch_id")
    assert list(pq.read_schema(tmp_path / "numbers.parquet").names) == ["patch_id", "brightness", "geometry"]
    model = reben.load_model(run)
    for patch, values in found.items():
        assert 495 < values["values"]["brightness"] < 510
        assert placed.loc[patch, "brightness"] == pytest.approx(values["values"]["brightness"], rel=1e-6)
    patch = next(iter(found))
    image = model.image(reben.open_store(tiny_store)[patch])
    assert model(image).item() == pytest.approx(found[patch]["values"]["brightness"], rel=1e-4)
    assert f"{patch}\tbrightness {found[patch]['values']['brightness']:.6g}" in run_reben("predict", *inputs).stdout
    run_reben("embed", *inputs, "--output", tmp_path / "e.parquet")


def test_the_share_of_a_class(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    inputs = ("--store", tiny_store, "--metadata", tiny_dataset.metadata)
    target = f"share:{CLC2018.class_names[8]}"
    run_reben(
        "train", *inputs, "--output", tmp_path / "run", "--task", "regression", "--target", target, "--epochs", 1,
        "--bands", "s2", "--loss", "huber", *FAST,
    )  # fmt: skip
    test = json.loads((tmp_path / "run" / "test.json").read_text())
    assert test["patches"] == 4
    assert 0 <= test["mae"] <= test["rmse"]
    assert reben.load_model(tmp_path / "run").class_names == (target,)
    again = ("--output", tmp_path / "other", "--task", "regression", "--target", "share:None")
    refused = run_reben("train", *inputs, *again, *FAST, code=1).stderr
    assert "has no class 'None'" in refused
    assert not (tmp_path / "other").exists()


@pytest.mark.slow
def test_a_model_card_and_an_onnx_file(run: Path, table: Path, tiny_store: Path, tmp_path: Path):
    card = tmp_path / "card"
    said = run_reben(
        "publish", run, "--repo", "someone/brightness", "--license", "mit", "--output", card, "--dry-run", "--store",
        tiny_store, "--metadata", table,
    ).stderr  # fmt: skip
    assert "the card has no picture: pictures show classes" in said
    assert not list(card.glob("*.png"))
    text = (card / "README.md").read_text()
    assert "Regression, a number for each patch" in text
    assert "brightness" in text
    run_reben("export", "--checkpoint", run, "--output", tmp_path / "model.onnx", "--with-normalisation")
    assert (tmp_path / "model.onnx").exists()
