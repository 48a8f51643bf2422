"""`reben evaluate` in detail, and `reben train` with a configuration file, on small generated data."""

import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from sklearn.metrics import average_precision_score, confusion_matrix, f1_score

from reben.core.classes import CLC2018
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from stand_ins.command import run_reben as reben


@pytest.fixture(scope="module")
def tables(tiny_store: Path, tiny_dataset: DatasetPaths) -> list[object]:
    return ["--store", tiny_store, "--metadata", tiny_dataset.metadata]


@pytest.fixture(scope="module")
def classifier(tables: list[object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("classifier")
    config = folder / "recipe.yaml"
    config.write_text("model: test_resnet\nepochs: 9\nbatch_size: 4\nlearning_rate: 1e-2\nwarmup_steps: 2\n")
    result = reben("train", "--config", config, "--epochs", 2, *tables, "--output", folder / "run")
    assert "test split, 4 patches" in result.stdout
    assert "waiting" in result.stderr
    return folder / "run"


@pytest.fixture(scope="module")
def mapper(tables: list[object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("mapper") / "run"
    result = reben(
        "train", "--task", "segmentation", "--model", "test_resnet", "--epochs", 2, "--batch-size", 4,
        "--warmup-steps", 2, *tables, "--output", run,
    )  # fmt: skip
    assert "validation mean IoU" in result.stdout
    return run


def test_a_configuration_file_makes_the_recipe_and_options_go_before_it(classifier: Path):
    recipe = json.loads((classifier / "recipe.json").read_text())
    assert (recipe["epochs"], recipe["batch_size"], recipe["learning_rate"]) == (2, 4, 0.01)
    assert (recipe["weight_decay"], recipe["task"]) == (0.01, "classification")


def test_a_wrong_configuration_is_refused(tables: list[object], tmp_path: Path):
    (tmp_path / "recipe.yaml").write_text("model: test_resnet\nlr: 1\n")
    stderr = reben("train", "--config", tmp_path / "recipe.yaml", *tables, "--output", tmp_path / "run", code=1).stderr
    assert "lr = 1" in stderr
    assert "learning_rate" in stderr
    assert "model is missing" in reben("train", *tables, "--output", tmp_path / "run", code=1).stderr
    assert not (tmp_path / "run").exists()


def test_everything_about_a_classifier(
    classifier: Path, tables: list[object], tiny_dataset: DatasetPaths, tmp_path: Path
):
    result = reben(
        "evaluate", "--checkpoint", classifier, *tables, "--split", "train", "--thresholds", "--bootstrap", 20,
        "--json", tmp_path / "scores.json",
    )  # fmt: skip
    for text in ("by country", "Nowhere", "by season", "summer", "calibration error", "20 resamples by patch"):
        assert text in result.stdout
    found = json.loads((tmp_path / "scores.json").read_text())
    reben("predict", "--checkpoint", classifier, *tables, "--json", tmp_path / "predictions.json")
    predictions = json.loads((tmp_path / "predictions.json").read_text())
    rows = [row for row in read_metadata([tiny_dataset.metadata]).to_pylist() if row["split"] == "train"]
    truth = np.array([[name in row["labels"] for name in CLC2018.class_names] for row in rows])
    probabilities = np.array([list(predictions[row["patch_id"]]["probabilities"].values()) for row in rows])
    assert found["ap_micro"] == pytest.approx(average_precision_score(truth, probabilities, average="micro"), abs=1e-5)
    assert found["by_country"]["Nowhere"]["ap_micro"] == found["by_season"]["summer"]["ap_micro"] == found["ap_micro"]
    thresholds = found["chosen_thresholds"]
    assert thresholds["chosen_on"] == "validation"
    chosen = probabilities >= np.array([thresholds["thresholds"][name] for name in CLC2018.class_names])
    assert thresholds["f1_micro"] == pytest.approx(f1_score(truth, chosen, average="micro"), abs=1e-6)
    assert thresholds["f1_macro"] == pytest.approx(f1_score(truth, chosen, average="macro", zero_division=0), abs=1e-6)
    gaps = sum(b["decisions"] * abs(b["mean_probability"] - b["positive_share"]) for b in found["calibration"]["bins"])
    assert found["calibration"]["ece"] == pytest.approx(gaps / truth.size)
    interval = found["intervals"]["by_metric"]["ap_micro"]
    assert interval["low"] <= found["ap_micro"] <= interval["high"]


def test_one_tile_is_nothing_to_draw_from(classifier: Path, tables: list[object]):
    stderr = reben(
        "evaluate", "--checkpoint", classifier, *tables, "--bootstrap", 5, "--bootstrap-by", "tile", code=1
    ).stderr
    assert "of one tile" in stderr
    assert "draw patches" in stderr


@pytest.mark.large
def test_everything_about_a_segmentation_model(
    mapper: Path, tables: list[object], tiny_dataset: DatasetPaths, tmp_path: Path
):
    result = reben("evaluate", "--checkpoint", mapper, *tables, "--bootstrap", 20, "--json", tmp_path / "scores.json")
    for text in ("mean IoU", "most frequent class alone", "by season", "95 % confidence"):
        assert text in result.stdout
    found = json.loads((tmp_path / "scores.json").read_text())
    assert found["confusion"] == json.loads((mapper / "test.json").read_text())["confusion"]
    extents = tmp_path / "tiles.csv"
    rows = [row for row in read_metadata([tiny_dataset.metadata]).to_pylist() if row["split"] == "test"]
    ids = [row["patch_id"] for row in rows]
    extents.write_text(f"tile,crs,ulx_m,uly_m\n{ids[0].rsplit('_', 2)[0]},EPSG:32631,99960,100020\n")
    reben("predict", "--checkpoint", mapper, *tables, "--tiles", extents, "--output", tmp_path / "maps", *ids)
    refused = ["predict", "--checkpoint", mapper, *tables, "--tiles", extents, "--output", tmp_path / "more"]
    assert "--json" in reben(*refused, "--json", tmp_path / "maps.json", code=2).stderr
    assert not (tmp_path / "more").exists()
    truth, predicted = [], []
    for name in ids:
        reference = next(tiny_dataset.reference_maps.glob(f"*/{name}/*.tif"))
        with rasterio.open(reference) as true, rasterio.open(next((tmp_path / "maps").glob(f"*/{name}_*.tif"))) as map_:
            assert map_.bounds == true.bounds
            mask = CLC2018.class_map(true.read(1))
            truth.append(mask[mask >= 0])
            predicted.append(map_.read(1)[mask >= 0])
    expected = confusion_matrix(np.concatenate(truth), np.concatenate(predicted), labels=range(19))
    assert found["confusion"] == expected.tolist()


def test_a_run_that_was_stopped_in_its_test_is_tested_by_resuming(tables: list[object], tmp_path: Path):
    # Stands in for Ctrl-C during the test: training is over, the scores are not there.
    command = [
        "train",
        "--model",
        "test_resnet",
        "--epochs",
        1,
        "--batch-size",
        4,
        *tables,
        "--output",
        tmp_path / "run",
    ]
    reben(*command, "--no-test")
    weights = (tmp_path / "run" / "model.safetensors").read_bytes()
    assert "test split, 4 patches" in reben(*command, "--resume").stdout
    assert (tmp_path / "run" / "test.json").exists()
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == weights
    assert "test split, 4 patches" in reben(*command, "--resume").stdout  # as after a kill at the very end


def test_tasks_are_not_mixed_up(mapper: Path, tables: list[object], tmp_path: Path):
    assert "no thresholds" in reben("evaluate", "--checkpoint", mapper, *tables, "--thresholds", code=1).stderr
    embedded = reben("embed", "--checkpoint", mapper, *tables, "--output", tmp_path / "e.parquet", code=1)
    assert "expected labels" in embedded.stderr
    assert not list(tmp_path.iterdir())


def test_a_segmentation_model_is_published_with_its_scores(mapper: Path, tables: list[object], tmp_path: Path):
    reben("publish", mapper, "--repo", "me/maps", *tables, "--dry-run", "--output", tmp_path / "card")
    card = (tmp_path / "card" / "README.md").read_text()
    scores = json.loads((mapper / "test.json").read_text())
    assert "image-segmentation" in card
    assert f"{scores['mean_iou']:.4f}" in card
    assert "intersection over union" in card
    assert (tmp_path / "card" / "test_patches.png").exists()


@pytest.mark.slow
def test_table_1_of_the_paper_from_runs(tables: list[object], tmp_path: Path):
    command = [
        "experiment", "paper", *tables, "--output", tmp_path / "runs", "--models", "mobilevit_s", "--bands", "s1",
        "--epochs", 1, "--batch-size", 2, "--warmup-steps", 1,
    ]  # fmt: skip
    reben(*command, "--seeds", "1")
    result = reben(*command, "--seeds", "1,2")
    assert result.stdout.count("finished") == 2
    lines = reben("table", tmp_path / "runs").stdout.splitlines()
    assert lines[0] == "| model | bands | runs | AP macro | AP micro | F1 macro | F1 micro |"
    assert [line.split("|")[1:4] for line in lines[2:]] == [[" MobileViT S ", " s1 ", " 2 "]]
    scores = [
        json.loads((tmp_path / "runs" / f"mobilevit_s-s1-{seed}" / "test.json").read_text())["ap_macro"] * 100
        for seed in (1, 2)
    ]
    assert f" {np.mean(scores):.2f} ± {np.std(scores, ddof=1):.2f} (62.69) " in lines[2]
    reben("table", tmp_path / "runs", "--format", "latex", "--output", tmp_path / "table.tex")
    assert r"\begin{tabular}" in (tmp_path / "table.tex").read_text()
