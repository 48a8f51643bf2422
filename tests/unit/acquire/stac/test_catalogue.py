"""Catalogues that page for ever, repeat themselves, refuse, or send what is no answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reben.acquire.stac import catalogue as catalogues
from reben.acquire.stac.catalogue import StacCatalogue
from reben.core.errors import AddressError, CatalogueError
from reben.net.requests import open_client
from reben.net.retries import RetryPolicy
from stand_ins.stac_server import StacServer, running_stac_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StacServer]:
    with running_stac_server(tmp_path, items=[{"id": f"item{number}"} for number in range(5)], page=2) as running:
        yield running


def ask(server: StacServer, root: str = "") -> list[dict[str, Any]]:
    with open_client(1) as client:
        policy = RetryPolicy(attempts=2, sleep=lambda _: None)
        return list(StacCatalogue(root or server.catalogue, client, policy).items({"collections": ["c"]}))


def test_all_pages(server: StacServer):
    assert [item["id"] for item in ask(server)] == [f"item{number}" for number in range(5)]
    assert [body.get("token") for body in server.searches] == [None, "2", "4"]
    assert all(body["collections"] == ["c"] for body in server.searches)


def test_items_that_are_repeated_come_once(server: StacServer):
    server.items = [{"id": name} for name in ("a", "b", "b", "c")]
    assert [item["id"] for item in ask(server)] == ["a", "b", "c"]


def test_pages_that_begin_anew(server: StacServer):
    server.endless = True
    with pytest.raises(CatalogueError, match="have only items of earlier pages"):
        ask(server)


def test_pages_without_items_for_ever(server: StacServer, monkeypatch: pytest.MonkeyPatch):
    server.items, server.endless = [], True
    monkeypatch.setattr(catalogues, "_MOST_PAGES", 5)
    with pytest.raises(CatalogueError, match="does not end: 5 pages, 0 items"):
        ask(server)


def test_the_same_page_again(server: StacServer, monkeypatch: pytest.MonkeyPatch):
    found = server.found
    monkeypatch.setattr(server, "found", lambda body: found({**body, "token": "0"}) | {"features": []})
    with pytest.raises(CatalogueError, match="returned the same page twice"):
        ask(server)


def test_links_to_another_server(server: StacServer):
    server.next_host = "https://example.org"
    with pytest.raises(CatalogueError, match=r"on another server \(https://example.org/stac/search\)"):
        ask(server)


@pytest.mark.parametrize("host", ["https://[", "http://example.org", "http://127.0.0.1:99999"])
def test_links_that_are_no_addresses(server: StacServer, host: str):
    server.next_host = host
    with pytest.raises(AddressError):
        ask(server)


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (403, None, "answers with status 403"),
        (503, None, "status 503, after 2 attempts"),
        (200, b"<html>", "is not a list of items"),
        (200, b'{"features": 3}', "is not a list of items"),
        (200, b'{"features": [3]}', "is not a list of items"),
        (200, b"[" * 100_000, "is not a list of items"),
    ],
)
def test_answers_that_are_none(server: StacServer, status: int, answer: bytes | None, said: str):
    server.status, server.answer = status, answer
    with pytest.raises(CatalogueError, match=said):
        ask(server)


def test_a_page_that_is_too_large(server: StacServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(catalogues, "_LARGEST_PAGE", 10)
    with pytest.raises(CatalogueError, match="a page has more than 10 bytes"):
        ask(server)


def test_without_encryption(server: StacServer):
    with pytest.raises(AddressError, match="without encryption"):
        ask(server, "http://example.org/stac")
