from collections.abc import Iterator
from pathlib import Path

import pytest

from reben.core.errors import RemoteAccessError, RemoteError
from reben.net import sas_tokens
from reben.net.retries import RetryPolicy
from reben.net.sas_tokens import SasTokens
from stand_ins.stac_server import StacServer, running_stac_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StacServer]:
    with running_stac_server(tmp_path) as running:
        yield running


def test_a_token_for_each_container_until_it_is_refused(server: StacServer):
    tokens = SasTokens(server.tokens)
    base = "https://account.blob.core.windows.net"
    assert tokens.signed(f"{base}/one/a.tif") == f"{base}/one/a.tif?signature=secret1"
    assert tokens.signed(f"{base}/one/b.tif?sig=old") == f"{base}/one/b.tif?signature=secret1"
    assert tokens.signed(f"{base}/two/a.tif") == f"{base}/two/a.tif?signature=secret2"
    assert tokens.signed(f"{base}/one/a.tif", renew=True).endswith("secret3")
    assert tokens.signed(f"{base}/one/a.tif").endswith("secret3")


def test_only_its_own_servers_see_a_token(server: StacServer):
    tokens = SasTokens(server.tokens)
    assert tokens.signs("https://account.blob.core.windows.net/c/a.tif")
    assert tokens.signs(f"{server.address}/signed/a.tif")
    assert not tokens.signs("https://example.org/blob.core.windows.net/a.tif")
    assert not tokens.signs("https://blob.core.windows.net.example.org/a.tif")
    assert not SasTokens("https://example.org/token").signs(f"{server.address}/signed/a.tif")


def test_answers_that_are_no_tokens(server: StacServer, monkeypatch: pytest.MonkeyPatch):
    url = "https://account.blob.core.windows.net/c/a.tif"
    monkeypatch.setattr(sas_tokens, "RetryPolicy", lambda **_: RetryPolicy(attempts=1))
    good = server.new_token()
    for answer in ({}, [], {**good, "token": "a b"}, {**good, "token": "x" * 5_000}, {**good, "msft:expiry": "soon"}):
        monkeypatch.setattr(StacServer, "new_token", lambda _, answer=answer: answer)
        with pytest.raises(RemoteError, match="the token service answers with"):
            SasTokens(server.tokens).signed(url)
    with pytest.raises(RemoteAccessError, match="status 404"):
        SasTokens(f"{server.address}/nothing").signed(url)
    with pytest.raises(RemoteError, match="without encryption"):
        SasTokens("http://example.org/token")
