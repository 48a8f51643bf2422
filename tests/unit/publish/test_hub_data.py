"""A data set on its way to the stand-in hub, in pieces."""

from pathlib import Path

import pytest

from reben.core.errors import HubError
from reben.publish import hub as client
from reben.publish.hub import Upload, push_in_pieces
from stand_ins.hub import HubStandIn

NAME = "datasets/someone/alps"


@pytest.fixture
def upload(hub: HubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Upload:
    monkeypatch.setenv("HF_TOKEN", hub.token)
    contents = {
        "README.md": b"card",
        "patches.parquet": b"PAR1",
        "store/data.mdb": b"x" * 5000,
        "croissant.json": b"{}",
    }
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return Upload("someone/alps", "dataset", {name: tmp_path / name for name in contents}, "README.md")


def pushed(hub: HubStandIn) -> dict[str, bytes]:
    return {name: content for name, content in hub.repositories[NAME].files["main"].items() if name != ".gitattributes"}


def commits(hub: HubStandIn) -> int:
    return len([request for request in hub.requests if "/commit/" in request])


def silent(_: str) -> None:
    pass


def test_all_files_go_to_a_repository_of_data(hub: HubStandIn, upload: Upload):
    done: list[int] = []
    address = push_in_pieces(upload, tell=silent, progress=done.append)
    assert address is not None
    assert pushed(hub) == {name: path.read_bytes() for name, path in upload.files.items()}
    assert sum(done) == sum(path.stat().st_size for path in upload.files.values())
    assert commits(hub) == 1
    assert len(hub.uploads) == 2  # the large ones, by their checksums


def test_an_interrupted_upload_resumes_and_the_card_comes_last(
    hub: HubStandIn, upload: Upload, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client, "_MOST_FILES", 1)
    made = client._commit

    def breaks(api: object, given: Upload, names: list[str], message: str) -> str:
        if "croissant.json" in names:
            raise ConnectionError("the line is dead")
        return made(api, given, names, message)  # type: ignore[arg-type]

    monkeypatch.setattr(client, "_commit", breaks)
    with pytest.raises(HubError, match="the line is dead") as caught:
        push_in_pieces(upload, tell=silent)
    assert "resumes" in caught.value.hint
    assert set(pushed(hub)) == {"patches.parquet", "store/data.mdb"}
    monkeypatch.setattr(client, "_commit", made)
    before, lines = len(hub.uploads), []
    push_in_pieces(upload, tell=lines.append)
    assert lines == ["2 of 4 files are there already"]
    assert len(hub.uploads) == before
    assert set(pushed(hub)) == set(upload.files)
    assert commits(hub) == 4


def test_a_data_set_is_only_replaced_if_asked_for(hub: HubStandIn, upload: Upload):
    push_in_pieces(upload, tell=silent)
    with pytest.raises(HubError, match="holds a data set already") as caught:
        push_in_pieces(upload, tell=silent)
    assert "--update" in caught.value.hint
    again = Upload(upload.repository, "dataset", upload.files, "README.md", update=True)
    assert push_in_pieces(again, tell=silent) is None  # nothing has changed
    upload.files["croissant.json"].write_bytes(b"[]")
    assert push_in_pieces(again, tell=silent) is not None
    assert pushed(hub)["croissant.json"] == b"[]"
    assert commits(hub) == 2


def test_large_files_make_commits_of_their_own(hub: HubStandIn, upload: Upload, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client, "_MOST_BYTES", 4000)
    push_in_pieces(upload, tell=silent)
    assert commits(hub) == 3
    assert set(pushed(hub)) == set(upload.files)


def test_private_data_never_go_to_a_public_repository(hub: HubStandIn, upload: Upload):
    hub.add(NAME, {".gitattributes": b""})
    private = Upload(upload.repository, "dataset", upload.files, "README.md", private=True)
    with pytest.raises(HubError, match="exists and is public"):
        push_in_pieces(private, tell=silent)
    assert pushed(hub) == {}


def test_a_full_hub_is_an_error(hub: HubStandIn, upload: Upload):
    hub.full = True
    with pytest.raises(HubError, match="failed"):
        push_in_pieces(upload, tell=silent)
    assert "README.md" not in pushed(hub)


def test_without_a_login_nothing_is_asked(hub: HubStandIn, upload: Upload, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError, match="nobody is logged in"):
        push_in_pieces(upload, tell=silent)
    assert hub.requests == []
