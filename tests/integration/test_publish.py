"""A run to the stand-in for the hub and back, through the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import huggingface_hub.constants
import pytest

from reben.io.dataset.paths import DatasetPaths
from stand_ins.command import run_reben as reben
from stand_ins.hub import HubStandIn


@pytest.fixture(scope="module")
def data(tiny_store: Path, tiny_dataset: DatasetPaths) -> list[object]:
    return ["--store", tiny_store, "--metadata", tiny_dataset.metadata]


@pytest.fixture(scope="module")
def run(data: list[object], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("publish") / "run"
    options = ["--model", "test_resnet", "--bands", "s2", "--epochs", 1, "--batch-size", 8]
    reben("train", *data, *options, "--output", folder, "--no-test")
    return folder


def test_a_run_is_published_and_used_by_its_name(
    run: Path, data: list[object], hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    dry = reben("publish", run, "--repo", "someone/net", "--dry-run", "--output", tmp_path / "dry", HF_TOKEN=hub.token)
    assert "would push" in dry.stdout
    assert "was not tested" in dry.stderr
    assert "This model was not tested" in (tmp_path / "dry" / "README.md").read_text()
    assert hub.requests == []

    test = ["--checkpoint", run, *data, "--split", "test"]
    reben("evaluate", *test, "--json", run / "test.json")
    result = reben("publish", run, "--repo", "someone/net", *data, "--private", HF_TOKEN=hub.token)
    assert f"{hub.url}/someone/net/commit/" in result.stdout
    assert hub.token not in result.stdout + result.stderr + dry.stdout + dry.stderr

    files = hub.repositories["someone/net"].files["main"]
    names = {"README.md", "config.json", "metrics.csv", "model.safetensors", "stac-item.json", "test_patches.png"}
    assert set(files) == names | {".gitattributes"}
    assert {file.name for file in (run / "publish").iterdir()} == names
    for content in files.values():
        assert hub.token.encode() not in content
        assert str(run.parent).encode() not in content

    scores = tmp_path / "scores.json"
    published = ["--checkpoint", "someone/net", *data, "--split", "test", "--json", scores]
    reben("evaluate", *published, HF_TOKEN=hub.token)
    assert json.loads(scores.read_text()) == json.loads((run / "test.json").read_text())
    error = reben("evaluate", "--checkpoint", "someone/else", *data, code=1).stderr
    assert "neither a folder here nor a repository" in error
    assert "hint:" in error
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    reben("evaluate", *published)  # what was fetched once needs neither network nor token


def test_what_must_not_be_published_is_refused(run: Path, hub: HubStandIn, tmp_path: Path):
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "recipe.json").write_text("{}")
    error = reben("publish", tmp_path / "unfinished", "--repo", "someone/x", code=1, HF_TOKEN=hub.token).stderr
    assert "not finished" in error
    error = reben("publish", run, "--repo", "someone/x", "--output", tmp_path / "out", code=1).stderr
    assert "nobody is logged in" in error
    for name in ("../b", "b", "a/b/c", "a/b@main", "a/..", "a/b--c", "a/b.git"):
        error = reben("publish", run, "--repo", name, "--dry-run", "--output", tmp_path / "dry", code=1).stderr
        assert "owner/name" in error
    assert not (tmp_path / "dry").exists()
    assert hub.requests == []
    assert "--metadata is missing" in reben("publish", run, "--repo", "a/b", "--store", "s", code=2).stderr


@pytest.mark.slow
def test_a_process_of_its_own_heeds_the_environment_and_keeps_the_token_to_itself(run: Path, hub: HubStandIn):
    result = subprocess.run(
        [sys.executable, "-m", "reben", "publish", run, "--repo", "someone/net"],
        capture_output=True, text=True, check=False, env=os.environ | {"HF_TOKEN": hub.token},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert hub.repositories["someone/net"].files["main"]["model.safetensors"]
    assert hub.token not in result.stdout + result.stderr
