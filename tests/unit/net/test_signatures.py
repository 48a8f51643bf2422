"""Addresses are signed where there are credentials, and plain where there are none."""

from urllib.parse import parse_qs, urlsplit

import pytest

from reben.core.errors import MissingExtraError
from reben.net.addresses import parse_address
from reben.net.signatures import signer


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")


@pytest.mark.parametrize("text", ["s3://bucket/a/data.mdb", "https://example.org/a"])
def test_plain_without_credentials(text: str):
    address = parse_address(text)
    assert signer(address)() == address.url


@pytest.mark.usefixtures("credentials")
def test_signed_with_credentials():
    pytest.importorskip("obstore")
    parts = urlsplit(signer(parse_address("s3://bucket/a/data.mdb"))())
    assert parts.path.endswith("/a/data.mdb")
    assert parse_qs(parts.query)["X-Amz-Expires"] == ["3600"]
    assert "very-secret" not in parts.query


@pytest.mark.usefixtures("credentials")
def test_credentials_are_for_their_own_cloud():
    address = parse_address("https://example.org/a")
    assert signer(address)() == address.url


@pytest.mark.usefixtures("credentials")
def test_without_obstore(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(__import__("sys").modules, "obstore", None)
    with pytest.raises(MissingExtraError, match="obstore") as caught:
        signer(parse_address("s3://bucket/a"))
    assert "reben[cloud]" in caught.value.hint
