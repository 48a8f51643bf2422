from pathlib import Path

import pytest

from reben.io.dataset.paths import DatasetPaths
from stand_ins.command import run_reben as reben
from stand_ins.data_folders import make_data_folder
from stand_ins.hub import HubStandIn


@pytest.fixture
def data(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path) -> Path:
    return make_data_folder(tmp_path / "data", tiny_dataset, tiny_store)


def test_a_dry_run_shows_all_and_uploads_nothing(hub: HubStandIn, data: Path):
    command = ["publish-data", data, "--repo", "someone/demo", "--license", "CC-BY-4.0", "--title", "A demo"]
    dry = reben(*command, "--dry-run", HF_TOKEN=hub.token)
    assert "would push to someone/demo" in dry.stdout
    for path in (data / "publish").glob("[!.]*"):
        assert path.name in dry.stdout
    assert "# A demo" in dry.stdout
    assert hub.requests == []

    result = reben(*command, HF_TOKEN=hub.token)
    assert f"{hub.url}/datasets/someone/demo/commit/" in result.stdout or "/commit/" in result.stdout
    assert hub.token not in result.stdout + result.stderr + dry.stdout + dry.stderr
    files = hub.repositories["datasets/someone/demo"].files["main"]
    assert files["store/data.mdb"] == (data / "store" / "data.mdb").read_bytes()
    for name, content in files.items():
        if name != "store/data.mdb":
            assert hub.token.encode() not in content
            assert str(data.parent).encode() not in content


def test_a_licence_is_asked_for(hub: HubStandIn, data: Path):
    error = reben("publish-data", data, "--repo", "someone/demo", code=1, HF_TOKEN=hub.token).stderr
    assert "--license" in error
    assert hub.requests == []


def test_reben_is_not_claimed_for_synthetic_data(hub: HubStandIn, data: Path):
    error = reben("publish-data", data, "--repo", "someone/demo", "--reben", code=1, HF_TOKEN=hub.token).stderr
    assert "none of the products of which reBEN was made" in error


def test_wrong_options_are_named(data: Path):
    error = reben("publish-data", data, "--repo", "someone/demo", "--doi", "https://doi.org/1", code=2).stderr
    assert "--doi" in error
