from pathlib import Path
from types import SimpleNamespace

import huggingface_hub.constants
import pytest

from reben.core.errors import HubError, RunError
from reben.learn.models.hub import download, fetch
from reben.net.hub import HubName
from reben.net.hub_guard import expect_harmless, odd_answers_named
from stand_ins.hub import HubStandIn

NAME = "someone/net"
FILES = {"config.json": b"{}", "model.safetensors": b"weights"}


def answer(method: str = "HEAD", **headers: str) -> SimpleNamespace:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SimpleNamespace(request=SimpleNamespace(method=method, url="https://hub/x"), headers=named)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"etag": '"0123abcd"'},
        {"etag": 'W/"0123abcd-12"'},
        {"etag": "0x8DC1"},
        {"x_linked_etag": f'"{"0f" * 32}"', "x_repo_commit": "0f" * 20},
    ],
)
def test_what_hubs_say(headers: dict[str, str]):
    expect_harmless(answer(**headers))


@pytest.mark.parametrize("name", ["etag", "x_linked_etag", "x_repo_commit"])
@pytest.mark.parametrize(
    "value", ["../../x", '"../x"', "/etc/passwd", '"/etc/x"', "..", ".", "a/b", "a\\b", "a\0b", "", "x" * 300, "a..b"]
)
def test_what_is_a_path_is_refused(name: str, value: str):
    with pytest.raises(HubError, match="refused") as caught:
        expect_harmless(answer(**{name: value}))
    assert "HF_ENDPOINT" in caught.value.hint


def test_of_the_content_no_path_is_made():
    expect_harmless(answer("GET", etag='"a/b=="'))


@pytest.mark.parametrize(
    "hostile",
    [
        {"etag": '"../../../../outside"'},
        {"etag": "/tmp/outside"},  # noqa: S108 - nothing is written there: that is the test
        {"headers": {"X-Linked-Etag": '"../../../../outside"'}},
        {"commit": "../../../outside"},
    ],
)
def test_a_hostile_hub_writes_nowhere(hub: HubStandIn, hostile: dict[str, object]):
    hub.add(NAME, FILES)
    for name, value in hostile.items():
        setattr(hub, name, value)
    cache = Path(huggingface_hub.constants.HF_HUB_CACHE)
    before = {path for path in cache.parent.rglob("*") if path.is_file()}
    for get in (download, lambda name: fetch(name, "config.json")):
        with pytest.raises(HubError, match="refused"):
            get(HubName(NAME))
    after = {path for path in cache.parent.rglob("*") if path.is_file() and "CACHEDIR" not in path.name}
    assert after == before
    hub.etag, hub.commit, hub.headers = "", "", {}
    assert (download(HubName(NAME)) / "config.json").read_bytes() == b"{}"


@pytest.mark.parametrize(
    "wrong", [OSError("resource is elsewhere"), KeyError("sha"), ValueError("no JSON"), TypeError()]
)
def test_odd_answers_are_one_error(wrong: Exception):
    with pytest.raises(HubError, match="gives no answer of a hub"), odd_answers_named(NAME, "https://hub"):
        raise wrong


@pytest.mark.parametrize("kept", [OSError(28, "No space left on device"), RunError("ours")])
def test_what_says_more_stays(kept: Exception):
    with pytest.raises(type(kept)) as caught, odd_answers_named(NAME, "https://hub"):
        raise kept
    assert caught.value is kept
