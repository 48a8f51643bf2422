"""What addresses name, and who sees a token."""

from pathlib import Path

import pytest

from reben.core.errors import AddressError, CredentialsError
from reben.net.addresses import authorization, is_address, parse_address

_VARIABLES = (
    "HF_ENDPOINT", "HF_TOKEN", "HF_TOKEN_PATH", "HF_HOME", "XDG_CACHE_HOME", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
    "AWS_REGION", "AWS_DEFAULT_REGION", "AZURE_STORAGE_ACCOUNT_NAME",
)  # fmt: skip


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return monkeypatch


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://example.org/a/data.mdb?x=1", "https://example.org/a/data.mdb?x=1"),
        ("http://127.0.0.1:8000/a", "http://127.0.0.1:8000/a"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("hf://datasets/o/n/f/data.mdb", "https://huggingface.co/datasets/o/n/resolve/main/f/data.mdb"),
        ("hf://datasets/o/n@v1.0/f", "https://huggingface.co/datasets/o/n/resolve/v1.0/f"),
        ("hf://datasets/o/n@refs%2Fpr%2F1/a b".replace(" ", "%20"),
         "https://huggingface.co/datasets/o/n/resolve/refs%2Fpr%2F1/a%20b"),
        ("s3://bucket/a/b", "https://bucket.s3.us-east-1.amazonaws.com/a/b"),
        ("s3://dotted.bucket/a", "https://s3.us-east-1.amazonaws.com/dotted.bucket/a"),
        ("gs://bucket/a", "https://storage.googleapis.com/bucket/a"),
    ],
)  # fmt: skip
def test_what_is_asked(text: str, url: str):
    assert is_address(text)
    assert parse_address(text).url == url


def test_endpoints_of_the_environment(environment: pytest.MonkeyPatch):
    environment.setenv("HF_ENDPOINT", "http://localhost:9/")
    environment.setenv("AWS_ENDPOINT_URL", "https://minio.example.org/")
    environment.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    assert parse_address("hf://datasets/o/n/f").url == "http://localhost:9/datasets/o/n/resolve/main/f"
    assert parse_address("s3://bucket/a").url == "https://minio.example.org/bucket/a"
    assert parse_address("az://container/a").url == "https://account.blob.core.windows.net/container/a"


@pytest.mark.parametrize(
    "text",
    [
        "http://example.org/a",
        "ftp://example.org/a",
        "https:///a",
        "https://example.org:99999/a",
        "https://user:secret@example.org/a",
        "https://exa mple.org/a",
        "https://example.org/a\nb",
        "hf://models/o/n/f",
        "hf://datasets/o/n",
        "hf://datasets/o/n/../f",
        "hf://datasets/../n/f",
        "s3://bucket",
        "s3://bucket/",
        "s3://bucket/../a",
        "az://container/a",
        "",
    ],
)
def test_what_cannot_be_asked(text: str):
    with pytest.raises(AddressError) as caught:
        parse_address(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["data/reben.store", "/data/store", "C:/x", "store:/x", Path("https://a/b"), None, 3])
def test_what_is_a_path(text: object):
    assert not is_address(text)


def test_signatures_are_not_shown():
    address = parse_address("https://example.org/data.mdb?signature=secret")
    assert "secret" not in f"{address} {address!r}"


def test_children_keep_the_query():
    assert parse_address("https://example.org/folder/?a=1").child("data.mdb").url == (
        "https://example.org/folder/data.mdb?a=1"
    )


def test_the_token_is_for_the_hub_only(environment: pytest.MonkeyPatch):
    environment.setenv("HF_TOKEN", " hf_secret\n")
    assert authorization("https://huggingface.co/datasets/o/n/resolve/main/f") == {"Authorization": "Bearer hf_secret"}
    for url in (
        "http://huggingface.co/f",
        "https://huggingface.co:444/f",
        "https://cdn.huggingface.co/f",
        "https://huggingface.co.example.org/f",
        "https://example.org/huggingface.co",
    ):
        assert authorization(url) == {}


def test_the_token_file_is_that_of_the_hub_library(environment: pytest.MonkeyPatch, tmp_path: Path):
    assert authorization("https://huggingface.co/f") == {}
    path = tmp_path / ".cache" / "huggingface" / "token"
    path.parent.mkdir(parents=True)
    path.write_text("hf_file\n")
    assert authorization("https://huggingface.co/f") == {"Authorization": "Bearer hf_file"}
    environment.setenv("HF_HOME", str(tmp_path / "elsewhere"))
    assert authorization("https://huggingface.co/f") == {}


def test_a_token_that_is_none_is_not_sent_nor_shown(environment: pytest.MonkeyPatch):
    environment.setenv("HF_TOKEN", "sécret\r\nX-Header: 1")
    with pytest.raises(CredentialsError) as caught:
        authorization("https://huggingface.co/f")
    assert "cret" not in str(caught.value).replace("Secret", "")
