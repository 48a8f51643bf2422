import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reben.core.errors import DownloadError
from reben.net.requests import open_client
from reben.net.retries import RetryPolicy
from reben.net.stopping import Stop, Stopped
from reben.net.stream import RemoteStream
from stand_ins.archive_server import ArchiveServer, Fault, serve
from stand_ins.range_server import running_range_server

DATA = random.Random(1).randbytes(700_001)  # noqa: S311 - it need not be secret
PAGE = Fault(200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>Back soon</html>")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ArchiveServer]:
    (tmp_path / "a.tar").write_bytes(DATA)
    with serve(tmp_path) as server:
        yield server


@contextmanager
def remote(
    server: ArchiveServer, *, attempts: int = 4, name: str = "a.tar"
) -> Iterator[tuple[RemoteStream, list[float]]]:
    waits: list[float] = []
    policy = RetryPolicy(attempts=attempts, sleep=waits.append, jitter=lambda: 0.0)
    with open_client(1) as client:
        yield RemoteStream(server.url(name), client, Stop(), policy), waits


def read(server: ArchiveServer, start: int = 0, **options: int) -> bytes:
    with remote(server, **options) as (file, _):
        return b"".join(file.chunks(start))


@pytest.mark.parametrize("start", [0, 1, 300_000, len(DATA) - 1])
def test_bytes_from_a_place_on(server: ArchiveServer, start: int):
    assert read(server, start) == DATA[start:]


def test_size_and_validator_are_learnt(server: ArchiveServer):
    with remote(server) as (file, _):
        file.describe()
        assert (file.nbytes, file.etag) == (len(DATA), '"1"')


def test_a_broken_connection_is_gone_on_with(server: ArchiveServer):
    server.faults = [Fault(break_after=200_000), Fault(break_after=200_000), Fault(break_after=0), None]
    assert read(server) == DATA
    ranges = [asked for _, asked in server.requests]
    assert ranges == ["", "bytes=200000-", "bytes=400000-", "bytes=400000-"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(503), Fault(429, {"Retry-After": "7"}), Fault(500, body=b"x" * 5_000), PAGE, Fault(break_after=0),
        Fault(shift=5), Fault(302), Fault(302, {"Location": "ftp://127.0.0.1/a.tar"}),
    ],
)  # fmt: skip
def test_what_passes_is_waited_for(server: ArchiveServer, fault: Fault):
    server.faults = [Fault(break_after=100_000), fault, fault, None]
    assert read(server) == DATA


def test_a_server_that_says_how_long_is_heeded(server: ArchiveServer):
    server.faults = [Fault(429, {"Retry-After": "7"}), None]
    with remote(server) as (file, waits):
        assert b"".join(file.chunks()) == DATA
    assert waits == [7.0]


@pytest.mark.parametrize("fault", [Fault(503), Fault(429, {"Retry-After": "99999"}), PAGE, Fault(shift=3)])
def test_what_does_not_pass_is_an_error(server: ArchiveServer, fault: Fault):
    server.faults = [Fault(break_after=100_000)]
    server.every = lambda _: fault
    with pytest.raises(DownloadError, match="at byte 100,000"):
        read(server)


def test_a_server_without_ranges_is_read_again_and_that_is_said(server: ArchiveServer):
    server.faults = [Fault(break_after=300_000), Fault(ignore_range=True)]
    with remote(server) as (file, _):
        told: list[str] = []
        file.tell = told.append
        assert b"".join(file.chunks()) == DATA
    assert len(told) == 2
    assert "the connection failed" in told[0]
    assert "trying again in" in told[0]
    assert "does not send parts" in told[1]


def test_a_file_without_a_stated_size_ends_where_it_ends(server: ArchiveServer):
    server.every = lambda _: Fault(no_length=True)
    assert read(server) == DATA
    assert read(server, len(DATA)) == b""


@pytest.mark.parametrize("has_etag", [True, False])
def test_a_file_that_changes_meanwhile_is_an_error(server: ArchiveServer, has_etag: bool):
    server.etag = '"1"' if has_etag else ""

    def changed(number: int) -> Fault | None:
        if number == 1:
            return Fault(break_after=100_000)
        server.etag = '"2"' if has_etag else ""
        (server.folder / "a.tar").write_bytes(DATA if has_etag else DATA + b"more")
        return None

    server.every = changed
    with pytest.raises(DownloadError, match="has changed"):
        read(server)


def test_a_file_that_got_shorter_is_an_error(server: ArchiveServer):
    with remote(server) as (file, _), pytest.raises(DownloadError, match="has no byte"):
        list(file.chunks(len(DATA) + 1))


@pytest.mark.parametrize("length", [len(DATA) + 1_000, len(DATA) - 1_000])
def test_a_server_that_lies_about_the_size_is_no_way_to_other_bytes(server: ArchiveServer, length: int):
    server.every = lambda _: Fault(length=length)
    with remote(server, attempts=2) as (file, _):
        got = b""
        try:
            for chunk in file.chunks():
                got += chunk
        except DownloadError:
            assert got == DATA[: len(got)]
        else:
            assert got == DATA[:length]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_an_error_at_once(server: ArchiveServer, status: int):
    server.every = lambda _: Fault(status)
    with pytest.raises(DownloadError, match=f"status {status}"):
        read(server)
    assert len(server.requests) == 1


def test_redirects_are_followed_anew_with_every_request(server: ArchiveServer):
    """Signed addresses expire; the first address gives a new one."""

    def redirected(number: int) -> Fault | None:
        path = server.requests[-1][0]
        if "signed" in path:
            if path != f"/a.tar?signed={number - 1}":
                return Fault(403)
            return Fault(break_after=250_000) if number < 6 else None
        return Fault(302, {"Location": f"/a.tar?signed={number}"})

    server.every = redirected
    assert read(server) == DATA
    assert [asked for path, asked in server.requests if "signed" in path] == ["", "bytes=250000-", "bytes=500000-"]


def test_redirects_in_a_circle_end(server: ArchiveServer):
    server.every = lambda _: Fault(302, {"Location": "/a.tar"})
    with pytest.raises(DownloadError, match="redirects"):
        read(server)


def test_a_redirect_to_another_machine_without_encryption_is_refused(server: ArchiveServer):
    server.every = lambda _: Fault(302, {"Location": "http://example.com/a.tar"})
    with pytest.raises(DownloadError, match="without encryption; refused"):
        read(server)


def test_a_signature_is_in_no_message(server: ArchiveServer):
    server.every = lambda _: Fault(404)
    with pytest.raises(DownloadError) as caught:
        read(server, name="a.tar?signature=secret")
    assert "secret" not in f"{caught.value}{caught.value.hint}"


def test_who_waits_can_be_stopped(server: ArchiveServer):
    with open_client(1) as client:
        stop = Stop()
        file = RemoteStream(server.url("a.tar"), client, stop)
        chunks = file.chunks()
        next(chunks)
        stop.stop()
        with pytest.raises(Stopped):
            list(chunks)


def test_the_token_of_the_hub_goes_to_the_hub_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.tar").write_bytes(bytes(1000))
    with running_range_server(tmp_path) as hub, running_range_server(tmp_path) as other, open_client(1) as client:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        monkeypatch.setenv("HF_TOKEN", "hf_secret")
        for server in (hub, other):
            stream = RemoteStream(server.url("a.tar", "hub"), client, Stop())
            assert b"".join(stream.chunks()) == bytes(1000)
        seen = {
            (server is hub, request.path.split("/")[1], request.headers.get("Authorization", ""))
            for server in (hub, other)
            for request in server.requests
        }
    assert seen == {(True, "hub", "Bearer hf_secret"), (True, "signed", ""), (False, "hub", ""), (False, "signed", "")}
