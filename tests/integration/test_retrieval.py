"""Embed, retrieve and evaluate, through the command line."""

import json
from pathlib import Path

import pytest
from matplotlib.image import imread

from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.learn.retrieval.embeddings import read_embeddings
from stand_ins.command import run_reben as reben


@pytest.fixture(scope="module")
def data(tiny_store: Path, tiny_dataset: DatasetPaths) -> list[object]:
    return ["--store", tiny_store, "--metadata", tiny_dataset.metadata]


@pytest.fixture(scope="module")
def run(data: list[object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("retrieval") / "run"
    options = ["--model", "test_resnet", "--bands", "s2", "--epochs", 1, "--batch-size", 8]
    reben("train", *data, *options, "--output", folder)
    return folder


@pytest.fixture(scope="module")
def table(run: Path, data: list[object]) -> Path:
    path = run.parent / "embeddings.parquet"
    assert f"{path}: " in reben("embed", "--checkpoint", run, *data, "--output", path).stdout
    return path


def test_neighbours_of_a_patch(table: Path, tiny_store: Path, tmp_path: Path):
    query = read_embeddings(table).ids[0]
    options = ["retrieve", query, "--embeddings", table, "--k", 5]
    found = json.loads(reben(*options, "--json", "-").stdout)
    assert len(found) == 5
    assert query not in {neighbour["patch_id"] for neighbour in found}
    scores = [neighbour["score"] for neighbour in found]
    assert scores == sorted(scores, reverse=True)
    lines = reben(*options).stdout.splitlines()
    assert [line.split("\t")[1] for line in lines] == [neighbour["patch_id"] for neighbour in found]
    assert any("+" in line for line in lines) == any(neighbour["shared"] for neighbour in found)
    picture = tmp_path / "found.png"
    reben(*options, "--picture", picture, "--store", tiny_store, "--split", "train", "--index", "hnsw")
    assert imread(picture).std() > 0.05
    assert {n["split"] for n in json.loads(reben(*options, "--json", "-", "--split", "test").stdout)} == {"test"}


def test_a_patch_of_another_store(  # noqa: PLR0917 - fixtures
    run: Path, table: Path, real_store: Path, real_patches: DatasetPaths, tiny_store: Path, tmp_path: Path
):
    query = read_metadata(real_patches.metadata)["patch_id"][0].as_py()
    options = ["retrieve", query, "--embeddings", table, "--k", 3]
    error = reben(*options, code=1).stderr
    assert "is not in the table" in error
    assert "--checkpoint" in error
    elsewhere = ["--checkpoint", run, "--store", real_store, "--metadata", real_patches.metadata]
    assert len(reben(*options, *elsewhere).stdout.splitlines()) == 3
    picture = ["--picture", tmp_path / "x.png"]
    assert "no store has" in reben(*options, *elsewhere, *picture, code=1).stderr.replace("\n", " ")
    reben(*options, *elsewhere, *picture, "--store", tiny_store)
    assert (tmp_path / "x.png").exists()


def test_retrieval_is_evaluated_beside_chance(table: Path):
    options = ["evaluate-retrieval", "--embeddings", table, "--k", 3]
    scores = json.loads(reben(*options, "--json", "-").stdout)
    assert (scores["queries_split"], scores["database_split"], scores["k"]) == ("test", "train", 3)
    for name in ("map_at_k", "precision_at_k", "recall_at_k"):
        assert 0 <= scores[name] <= 1
        assert 0 < scores[f"chance_{name}"] <= 1
    text = reben(*options, "--queries", "validation", "--index", "ivf", "--measure", "euclidean").stdout
    assert "mAP@3" in text
    assert "chance level" in text
    assert "does not exist" in reben("evaluate-retrieval", "--embeddings", "nowhere", code=1).stderr
    refused = reben("retrieve", "x", "--embeddings", table, "--picture", "x.png", code=2)
    assert "--picture needs --data" in refused.stderr
