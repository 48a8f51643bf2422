from pathlib import Path

import huggingface_hub.constants
import pytest

from reben.core.errors import HubError
from reben.publish.hub import push
from reben.publish.publication import Publication, write_publication
from reben.publish.run_facts import read_facts
from stand_ins.hub import HubStandIn


@pytest.fixture
def publication(run: Path, tmp_path: Path) -> Publication:
    found = write_publication(run, read_facts(run), tmp_path / "out", repository="someone/model", license_id="mit")
    (tmp_path / "out" / "private.txt").write_text("came later, and was never shown")
    return found


@pytest.fixture
def login(hub: HubStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", hub.token)


def pushed(hub: HubStandIn, name: str = "someone/model") -> dict[str, bytes]:
    files = hub.repositories[name].files["main"]
    return {file: content for file, content in files.items() if file != ".gitattributes"}


@pytest.mark.usefixtures("login")
def test_exactly_the_shown_files_are_pushed_in_one_commit(hub: HubStandIn, publication: Publication):
    url = push(publication.upload("someone/model"))
    assert url.startswith(f"{hub.url}/someone/model/commit/")
    assert pushed(hub) == {name: (publication.folder / name).read_bytes() for name in publication.sizes}
    assert not hub.repositories["someone/model"].private
    assert len([request for request in hub.requests if "/commit/" in request]) == 1


@pytest.mark.usefixtures("login")
def test_private_repositories(hub: HubStandIn, publication: Publication):
    push(publication.upload("someone/model", private=True))
    assert hub.repositories["someone/model"].private
    hub.add("someone/public", {})
    with pytest.raises(HubError, match="exists and is public"):
        push(publication.upload("someone/public", private=True))
    assert pushed(hub, "someone/public") == {}


@pytest.mark.usefixtures("login")
def test_a_model_is_only_replaced_if_asked_for(hub: HubStandIn, publication: Publication):
    hub.add("someone/model", {"model.safetensors": b"theirs", "more.txt": b"theirs"})
    with pytest.raises(HubError, match="holds a model already") as caught:
        push(publication.upload("someone/model"))
    assert "--update" in caught.value.hint
    assert pushed(hub) == {"model.safetensors": b"theirs", "more.txt": b"theirs"}
    push(publication.upload("someone/model", update=True))
    assert pushed(hub)["model.safetensors"] == (publication.folder / "model.safetensors").read_bytes()
    assert pushed(hub)["more.txt"] == b"theirs"


def test_nobody_logged_in(hub: HubStandIn, publication: Publication):
    with pytest.raises(HubError, match="nobody is logged in") as caught:
        push(publication.upload("someone/model"))
    assert "HF_TOKEN" in caught.value.hint
    assert hub.requests == []


def test_a_wrong_token_and_another_ones_name(
    hub: HubStandIn, publication: Publication, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("HF_TOKEN", "hf_wrong_token_9876543210")
    with pytest.raises(HubError, match="does not let you write there") as caught:
        push(publication.upload("someone/model"))
    assert "hf_wrong_token" not in str(caught.value) + caught.value.hint
    monkeypatch.setenv("HF_TOKEN", hub.token)
    with pytest.raises(HubError, match="does not let you write there"):
        push(publication.upload("somebody-else/model"))
    assert hub.repositories == {}


@pytest.mark.usefixtures("login")
def test_names_that_are_none(publication: Publication):
    with pytest.raises(HubError, match="expected owner/name"):
        push(publication.upload("model"))
    with pytest.raises(HubError, match="give owner/name only"):
        push(publication.upload("someone/model@main"))
    with pytest.raises(HubError, match="not a name of a repository"):
        push(publication.upload("someone/model--x..y"))


@pytest.mark.usefixtures("login")
def test_a_hub_that_is_down_or_offline(hub: HubStandIn, publication: Publication, monkeypatch: pytest.MonkeyPatch):
    hub.broken = True
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda _: None)
    with pytest.raises(HubError, match="answers with status 503"):
        push(publication.upload("someone/model"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match=r"connection .* failed"):
        push(publication.upload("someone/model"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match=r"connection .* failed"):
        push(publication.upload("someone/model"))


@pytest.mark.usefixtures("login")
def test_a_failed_upload_publishes_nothing(hub: HubStandIn, publication: Publication):
    hub.full = True
    with pytest.raises(HubError, match="failed") as caught:
        push(publication.upload("someone/model"))
    assert "nothing was published" in caught.value.hint
    assert pushed(hub) == {}
