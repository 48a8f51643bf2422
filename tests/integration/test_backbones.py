"""From pre-trained models to a leaderboard, through the command line: embed, probe, train, evaluate, leaderboard."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from own_process import in_own_process
from reben.cli.main import app
from reben.data.opening import open_dataset
from reben.io.dataset.paths import DatasetPaths
from reben.learn.models.backbone_weights import load_backbone
from reben.learn.models.weights import load_model
from reben.learn.retrieval.embeddings import read_embeddings

FEW = ("raw-s2", "test_resnet@random")
ALL = (
    "raw-all", "moco-resnet18-s2@random", "decur-resnet50-s1@random", "satlas-resnet50-s2-si@random",
    "dino-vits16-s2@random", "softcon-vits14-s2@random", "vit_tiny_patch16_224@random", "reben-mobilevit_s-all@random",
)  # fmt: skip


def reben(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == code, done.output + str(done.exception)
    return done.output


@pytest.fixture
def data(tiny_store: Path, tiny_dataset: DatasetPaths) -> list[object]:
    return ["--store", tiny_store, "--metadata", tiny_dataset.metadata]


def embedded(names: tuple[str, ...], data: list[object], folder: Path) -> list[Path]:
    tables = []
    for name in names:
        table = folder / f"{name.partition('@')[0]}.parquet"
        reben("embed", "--backbone", name, *data, "--output", table, "--batch-size", 8)
        tables.append(table)
    return tables


@pytest.mark.parametrize("names", [FEW, pytest.param(ALL, marks=pytest.mark.slow, id="all")])
def test_from_embeddings_to_a_leaderboard(
    names: tuple[str, ...], data: list[object], tiny_dataset: DatasetPaths, tmp_path: Path
):
    given = names, data, tiny_dataset.metadata, tmp_path
    if names is ALL:
        in_own_process(expect_a_leaderboard, *given)
    else:
        expect_a_leaderboard(*given)


def expect_a_leaderboard(names: tuple[str, ...], data: list[object], table: Path, folder: Path) -> None:
    metadata = ["--metadata", table]
    tables = embedded(names, data, folder)
    probing = ["probe", *tables, *metadata, "--bootstrap", 0, "--lists", folder / "lists.parquet"]
    output = reben(*probing, "--json", folder / "probes.json")
    assert all(f"{name}\tlinear" in output for name in names)
    networks = [name for name in names if not name.startswith("raw-")]
    runs = [(networks[0], ["--freeze"]), (networks[0], ["--layer-decay", 0.5]), *((name, []) for name in networks[1:])]
    results = [folder / "probes.json"]
    for number, (name, options) in enumerate(runs):
        run, result = folder / f"run-{number}", folder / f"run-{number}.json"
        training = ["train", "--backbone", name, *data, "--epochs", 1, "--batch-size", 8, "--no-test"]
        reben(*training, *options, "--output", run)
        reben("evaluate", "--checkpoint", run, *data, "--result", result)
        results.append(result)
    shown = reben("leaderboard", *results, "--output", folder / "board", "--bootstrap", 20)
    for title in ("linear, all", "knn, all", "frozen, all", "fine-tuned, layer decay 0.5, all"):
        assert title in shown
    with (folder / "board" / "leaderboard.csv").open() as file:
        tuned = {row["model"] for row in csv.DictReader(file) if row["method"].startswith("fine-tuned")}
    assert tuned == set(networks)
    page = (folder / "board" / "leaderboard.html").read_text()
    assert all(name in page for name in names)
    refused = json.loads((folder / "probes.json").read_text())
    refused["data"]["patches_sha256"]["test"] = "0" * 64
    (folder / "other.json").write_text(json.dumps(refused))
    comparing = ["leaderboard", results[1], folder / "other.json", "--output", folder / "x"]
    assert "other test patches" in str(CliRunner().invoke(app, list(map(str, comparing))).exception)


def test_a_frozen_backbone_stays_as_it_is_and_its_run_can_be_used(
    data: list[object], tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path
):
    options = ["--epochs", 1, "--batch-size", 8, "--no-test", "--seed", 3]
    reben("train", "--backbone", "test_resnet@random", "--freeze", *data, *options, "--output", tmp_path / "run")
    run = load_model(tmp_path / "run")
    reben("embed", "--backbone", "test_resnet@random", *data, "--output", tmp_path / "before.parquet")
    reben("embed", "--checkpoint", tmp_path / "run", *data, "--output", tmp_path / "after.parquet")
    before, after = (read_embeddings(tmp_path / f"{name}.parquet") for name in ("before", "after"))
    np.testing.assert_allclose(before.vectors, after.vectors, rtol=1e-5, atol=1e-5)
    dataset = open_dataset(tiny_store, tiny_dataset.metadata, bands=run.bands, statistics=None)
    raw = dataset.batch(range(4))["image"]
    with torch.inference_mode():
        torch.testing.assert_close(run(raw), run.model.get_classifier()(torch.from_numpy(before.vectors[:4])))
    for wrong, message in (
        (["--bands", "s2"], "the backbone decides"),
        (["--model", "resnet18"], "takes the place of model"),
        (["--layer-decay", 0.5], "has no effect on a frozen backbone"),
        (["--adapter-rank", 2], "takes the place of freeze"),
    ):
        arguments = ["train", "--backbone", "test_resnet@random", "--freeze", *data, *wrong, "--output", tmp_path / "x"]
        assert message in str(CliRunner().invoke(app, list(map(str, arguments))).exception)


def test_adapters_are_part_of_the_weights_that_are_saved(data: list[object], tmp_path: Path):
    run = tmp_path / "run"
    training = ["train", "--backbone", "test_resnet@random", "--adapter-rank", 2, *data, "--epochs", 2, "--batch-size",
                8, "--learning-rate", 0.01, "--no-test", "--output", run]  # fmt: skip
    assert "adapters of rank 2 beside" in reben(*training)
    before = load_backbone("test_resnet@random").model.encoder.network.state_dict()
    trained = load_model(run)
    after = trained.model.encoder.network.state_dict()
    assert before.keys() == after.keys()
    ranks = {}
    for name, tensor in after.items():
        change = (tensor - before[name]).flatten(1) if tensor.ndim > 1 else tensor - before[name]
        if tensor.ndim > 1:
            ranks[name] = int(torch.linalg.matrix_rank(change, rtol=1e-3))
        else:
            assert not change.any(), name  # biases and statistics of normalisation stay
    assert max(ranks.values()) > 0
    assert max(ranks.values()) <= 2 * 3 * 3  # of a convolution of 3 x 3, the factors are a convolution and one of 1 x 1
    reben("evaluate", "--checkpoint", run, *data, "--result", tmp_path / "result.json")
    (result,) = json.loads((tmp_path / "result.json").read_text())["runs"]
    assert result["method"] == "adapters of rank 2"
    without = ["train", "--model", "test_resnet", "--adapter-rank", 2, *data, "--output", tmp_path / "x"]
    refused = CliRunner().invoke(app, list(map(str, without)))
    assert "needs a pre-trained model" in str(refused.exception)


@pytest.mark.parametrize("ways", [(), pytest.param(("tuned", "adapted"), marks=pytest.mark.slow)])
def test_a_backbone_learns_maps(ways: tuple[str, ...], data: list[object], tmp_path: Path):
    run = tmp_path / "run"
    training = ["train", "--task", "segmentation", "--backbone", "test_resnet@random", *data, "--epochs", 1,
                "--batch-size", 8, "--no-test"]  # fmt: skip
    assert "decoder new" in reben(*training, "--freeze", "--output", run)
    trained = load_model(run)
    before = load_backbone("test_resnet@random").model.encoder.state_dict()
    assert all(torch.equal(tensor, before[name]) for name, tensor in trained.model.encoder.state_dict().items())
    options = {"tuned": ["--layer-decay", 0.5], "adapted": ["--adapter-rank", 2]}
    for name in ways:
        reben(*training, *options[name], "--output", tmp_path / name)
    for name in ("run", *ways):
        scores = tmp_path / f"{name}.json"
        reben("evaluate", "--checkpoint", tmp_path / name, *data, "--json", scores)
        assert 0 <= json.loads(scores.read_text())["mean_iou"] <= 1
    reben("predict", "--checkpoint", run, *data, "--split", "test", "--output", tmp_path / "maps")
    assert list((tmp_path / "maps").rglob("*.tif"))
