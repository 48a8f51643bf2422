import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reben.core.errors import DownloadError
from reben.core.release import PublishedFile
from reben.get.published import fetched, md5_of
from reben.net.retries import RetryPolicy
from reben.work.cache import cache_folder
from stand_ins.range_server import FAULTS, RangeServer, running_range_server

CONTENT = hashlib.sha256(b"content").digest() * 20_000
POLICY = RetryPolicy(attempts=5, sleep=lambda _: None)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RangeServer]:
    monkeypatch.setenv("REBEN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "metadata.parquet").write_bytes(CONTENT)
    with running_range_server(tmp_path / "served") as running:
        yield running


@pytest.fixture
def file(server: RangeServer) -> PublishedFile:
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    return PublishedFile("metadata.parquet", server.url("metadata.parquet", "hub"), md5, len(CONTENT))


def left() -> list[str]:
    return sorted(path.name for path in cache_folder().rglob("*") if path.is_file())


def test_a_file_is_fetched_once(server: RangeServer, file: PublishedFile):
    told: list[int] = []
    path = fetched(file, policy=POLICY, progress=told.append)
    assert path.read_bytes() == CONTENT
    assert sum(told) == len(CONTENT)
    asked = len(server.requests)
    assert fetched(file, policy=POLICY) == path
    assert len(server.requests) == asked
    assert left() == ["metadata.parquet"]


def test_a_damaged_file_of_the_cache_is_fetched_again(file: PublishedFile):
    path = fetched(file, policy=POLICY)
    path.write_bytes(CONTENT[:-1] + b"x")
    assert fetched(file, policy=POLICY).read_bytes() == CONTENT


def test_another_content_is_refused(file: PublishedFile):
    with pytest.raises(DownloadError, match=f"has the MD5 {file.md5}; expected {'0' * 32}"):
        fetched(replace(file, md5="0" * 32), policy=POLICY)
    assert left() == []


def test_more_than_was_published_is_refused(file: PublishedFile):
    with pytest.raises(DownloadError, match="is larger than the 100 bytes that were published"):
        fetched(replace(file, nbytes=100), policy=POLICY)


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_the_server(server: RangeServer, file: PublishedFile, fault: str):
    server.fail(fault)
    try:
        path = fetched(file, policy=POLICY)
    except DownloadError:
        path = fetched(file, policy=POLICY)
    assert path.read_bytes() == CONTENT


def test_what_has_come_stays(server: RangeServer, file: PublishedFile):
    server.fail("short")
    with pytest.raises(DownloadError, match="the connection failed"):
        fetched(file, policy=RetryPolicy(attempts=1, sleep=lambda _: None))
    sent = server.sent
    assert left() == [".metadata.parquet.part", ".metadata.parquet.part.json"]
    told: list[int] = []
    assert fetched(file, policy=POLICY, progress=told.append).read_bytes() == CONTENT
    assert server.sent - sent < len(CONTENT)
    assert sum(told) == len(CONTENT)


def test_a_part_that_is_not_of_the_file_is_noticed(file: PublishedFile):
    target = cache_folder("release", file.md5) / file.name
    target.parent.mkdir(parents=True)
    part = target.with_name(f".{target.name}.part")
    part.write_bytes(b"something else")
    with pytest.raises(DownloadError, match="has the MD5"):
        fetched(file, policy=POLICY)
    part.write_bytes(CONTENT * 2)
    assert fetched(file, policy=POLICY).read_bytes() == CONTENT


def test_md5(tmp_path: Path):
    (tmp_path / "a").write_bytes(CONTENT * 3)
    assert md5_of(tmp_path / "a") == hashlib.md5(CONTENT * 3, usedforsecurity=False).hexdigest()
