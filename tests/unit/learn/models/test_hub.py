import socket
from pathlib import Path

import huggingface_hub.constants
import pytest

from reben.core.errors import HubError, RunError
from reben.learn.models.hub import download, model_folder
from reben.net.hub import HubName
from stand_ins.hub import HubStandIn

NAME = "BIFOLD-BigEarthNetv2-0/resnet50-all-v0.2.0"
FILES = {"config.json": b"{}", "model.safetensors": b"weights", "README.md": b"card", "pytorch_model.bin": b"\x80"}


def go_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_only_the_two_files_are_fetched(hub: HubStandIn):
    hub.add(NAME, FILES)
    folder = download(HubName(NAME))
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        "config.json": b"{}",
        "model.safetensors": b"weights",
    }
    assert not [request for request in hub.requests if "README" in request or ".bin" in request]


def test_a_revision_is_a_commit_or_a_branch(hub: HubStandIn):
    first = hub.add(NAME, FILES)
    hub.repositories[NAME].commit({"model.safetensors": b"newer weights"})
    for revision, weights in ((first, b"weights"), ("main", b"newer weights"), (None, b"newer weights")):
        assert (download(HubName(NAME, revision)) / "model.safetensors").read_bytes() == weights
    with pytest.raises(HubError, match="no such version"):
        download(HubName(NAME, "nowhere"))


def test_both_files_are_of_one_commit_even_if_another_comes_in_between(
    hub: HubStandIn, monkeypatch: pytest.MonkeyPatch
):
    hub.add(NAME, FILES)
    real = huggingface_hub.hf_hub_download

    def push_after_the_first_file(*arguments, **options):
        path = real(*arguments, **options)
        hub.repositories[NAME].commit({"config.json": b"{1}", "model.safetensors": b"newer weights"})
        return path

    monkeypatch.setattr("reben.learn.models.hub.hf_hub_download", push_after_the_first_file)
    assert (download(HubName(NAME)) / "model.safetensors").read_bytes() == b"weights"


def test_a_cached_copy_serves_without_network(hub: HubStandIn, monkeypatch: pytest.MonkeyPatch):
    hub.add(NAME, FILES)
    folder = download(HubName(NAME))
    asked = len(hub.requests)
    go_offline(monkeypatch)
    assert download(HubName(NAME)) == folder
    assert len(hub.requests) == asked


def test_without_network_and_copy_the_error_says_so(hub: HubStandIn, monkeypatch: pytest.MonkeyPatch):
    hub.add(NAME, FILES)
    go_offline(monkeypatch)
    with pytest.raises(HubError, match=r"offline mode is on .*no copy") as caught:
        download(HubName(NAME))
    assert "give a folder" in caught.value.hint


@pytest.mark.usefixtures("hub")
def test_a_hub_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    with pytest.raises(HubError, match="cannot be reached, and there is no copy"):
        download(HubName(NAME))


def test_unknown_private_gated_and_incomplete_repositories(hub: HubStandIn, monkeypatch: pytest.MonkeyPatch):
    hub.add("someone/private", FILES, private=True)
    hub.add("someone/gated", FILES, gated=True)
    hub.add("someone/pickled", {"config.json": b"{}", "pytorch_model.bin": b"\x80"})
    for name, message, hint in (
        ("nobody/nothing", "neither a folder here nor a repository", "check the name"),
        ("someone/private", "neither a folder here nor a repository", "hf auth login"),
        ("someone/gated", "lets only some read it", "HF_TOKEN"),
        ("someone/pickled", "lacks", "pickled weights are not loaded"),
    ):
        with pytest.raises(HubError, match=message) as caught:
            download(HubName(name))
        assert hint in caught.value.hint
    monkeypatch.setenv("HF_TOKEN", hub.token)
    assert download(HubName("someone/private")).is_dir()
    assert download(HubName("someone/gated")).is_dir()


def test_a_folder_wins_over_the_hub(hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    hub.add("runs/best", FILES)
    assert model_folder("runs/best")[1] == HubName("runs/best")
    Path("runs/best").mkdir(parents=True)
    assert model_folder(Path("runs/best")) == (Path("runs/best"), None)


@pytest.mark.parametrize("source", ["nowhere", "/no/such/folder", "./a/b", "../a", "a/b/c", "a/b@", "-a/b", ""])
def test_what_is_neither_folder_nor_name(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    if not source:  # the empty path is the present folder, as everywhere
        assert model_folder(source) == (Path(), None)
        return
    with pytest.raises(RunError, match="does not exist"):
        model_folder(source)


def test_files_are_no_folders(tmp_path: Path):
    for name, hint in (("model.safetensors", str(tmp_path)), ("last.ckpt", "can run code")):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(RunError, match="is a file") as caught:
            model_folder(tmp_path / name)
        assert hint in caught.value.hint
