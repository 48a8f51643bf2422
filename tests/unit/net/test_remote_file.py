"""A remote file gives the bytes of the file, or an error: whatever the server does."""

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reben.core.errors import RemoteAccessError, RemoteError
from reben.net.remote_file import RemoteFile
from reben.net.retries import RetryPolicy
from stand_ins.range_server import FAULTS, RangeServer, running_range_server

SIZE = 9_000_000  # more than is taken whole from a server without ranges
AT_ONCE = RetryPolicy(first_wait_s=0.0, sleep=lambda _: None)
HARMLESS = tuple(fault for fault in FAULTS if fault != "changed")


@pytest.fixture(scope="module")
def content() -> bytes:
    return random.Random(0).randbytes(SIZE)  # noqa: S311


@pytest.fixture
def server(tmp_path: Path, content: bytes) -> Iterator[RangeServer]:
    (tmp_path / "file.bin").write_bytes(content)
    (tmp_path / "small.bin").write_bytes(content[:1000])
    (tmp_path / "large.bin").write_bytes(content)
    (tmp_path / "empty.bin").touch()
    with running_range_server(tmp_path) as running:
        yield running


def spans_of(seed: int, count: int = 60) -> list[tuple[int, int]]:
    dice = random.Random(seed)  # noqa: S311
    return [
        (start, dice.randrange(min(50_000, SIZE - start))) for start in (dice.randrange(SIZE) for _ in range(count))
    ]


@pytest.mark.parametrize("kind", ["open", "hub"])
def test_spans_are_those_of_the_file(server: RangeServer, content: bytes, kind: str):
    with RemoteFile(server.url("file.bin", kind), policy=AT_ONCE) as file:
        assert file.size == SIZE
        spans = spans_of(1)
        assert list(file.read_spans(spans)) == [content[start : start + length] for start, length in spans]
        assert file.read(SIZE - 5, 5) == content[-5:]
        assert file.read(0, 10) == content[:10]


def test_a_redirect_is_followed_once(server: RangeServer):
    with RemoteFile(server.url("file.bin", "hub"), policy=AT_ONCE) as file:
        list(file.read_spans(spans_of(2)))
        assert file.commit == "c0ffee"
    assert sum(request.path.startswith("/hub/") for request in server.requests) == 1


def test_signed_addresses_that_expire_are_renewed_once_for_all_threads(server: RangeServer, content: bytes):
    with RemoteFile(server.url("file.bin", "hub"), policy=RetryPolicy(attempts=1)) as file:
        server.expire()
        spans = [(200_000 + number * 100_000, 1000) for number in range(20)]
        assert list(file.read_spans(spans)) == [content[start : start + length] for start, length in spans]
    assert sum(request.path.startswith("/hub/") for request in server.requests) == 2


@pytest.mark.parametrize("fault", HARMLESS)
def test_each_fault_is_survived_when_opening_and_when_reading(server: RangeServer, content: bytes, fault: str):
    if fault != "other_size":  # nothing contradicts it yet
        server.fail(fault)
    with RemoteFile(server.url("file.bin"), policy=AT_ONCE) as file:
        server.fail(fault, "", fault)
        spans = [(1_000_000, 100_000), (2_000_000, 300_000), (2_900_000, 100_000)]
        assert list(file.read_spans(spans)) == [content[start : start + length] for start, length in spans]
    assert not server.faults


@pytest.mark.parametrize("seed", range(4))
def test_many_faults_at_random(server: RangeServer, content: bytes, seed: int):
    policy = RetryPolicy(attempts=30, first_wait_s=0.0, sleep=lambda _: None)
    with RemoteFile(server.url("file.bin", "hub"), policy=policy) as file:
        server.fail_randomly(0.3, seed=seed, kinds=HARMLESS)
        spans = spans_of(seed, 100)
        assert list(file.read_spans(spans)) == [content[start : start + length] for start, length in spans]


@pytest.mark.parametrize("fault", sorted({*HARMLESS} - {"long_length"}))  # all that was asked for comes with that one
def test_a_fault_that_stays_is_an_error(server: RangeServer, fault: str):
    with RemoteFile(server.url("file.bin"), policy=AT_ONCE) as file:
        server.fail_randomly(1.0, seed=0, kinds=(fault,))
        with pytest.raises(RemoteError, match=r"file\.bin: ") as caught:
            file.read(1_000_000, 100_000)
        assert caught.value.hint


def test_a_break_in_the_middle_goes_on_there(server: RangeServer, content: bytes):
    with RemoteFile(server.url("file.bin"), policy=AT_ONCE) as file:
        server.fail("short")
        assert file.read(1_000_000, 400_000) == content[1_000_000:1_400_000]
    assert server.requests[-1].range == "bytes=1200000-1399999"


def test_a_file_that_changes_is_an_error(server: RangeServer):
    with RemoteFile(server.url("file.bin"), policy=AT_ONCE) as file:
        server.etag_suffix = "-2"
        with pytest.raises(RemoteError, match="has changed since it was opened"):
            file.read(1_000_000, 10)


def test_a_file_that_changes_behind_a_redirect_is_an_error(server: RangeServer):
    with RemoteFile(server.url("file.bin", "hub"), policy=AT_ONCE) as file:
        server.etag_suffix = "-2"
        server.expire()
        with pytest.raises(RemoteError, match="has changed since it was opened"):
            file.read(1_000_000, 10)


def test_without_ranges_small_files_are_read_and_large_ones_refused(server: RangeServer, content: bytes):
    server.ranges = False
    with RemoteFile(server.url("small.bin"), policy=AT_ONCE) as file:
        assert file.size == 1000
        assert list(file.read_spans([(10, 20), (0, 1000)])) == [content[10:30], content[:1000]]
    with pytest.raises(RemoteError, match="does not serve ranges") as caught:
        RemoteFile(server.url("large.bin"), policy=AT_ONCE)
    assert "download the file" in caught.value.hint


def test_an_empty_file(server: RangeServer):
    with RemoteFile(server.url("empty.bin"), policy=AT_ONCE) as file:
        assert file.size == 0
        assert file.read(0, 0) == b""


def test_a_file_that_is_not_there(server: RangeServer):
    with pytest.raises(RemoteAccessError, match="there is no such file"):
        RemoteFile(server.url("nothing.bin"), policy=AT_ONCE)


@pytest.mark.parametrize("span", [(-1, 5), (0, SIZE + 1), (SIZE, 1), (5, -1)])
def test_spans_outside_the_file(server: RangeServer, span: tuple[int, int]):
    with RemoteFile(server.url("file.bin"), policy=AT_ONCE) as file, pytest.raises(RemoteError, match="outside of it"):
        file.read(*span)


def test_the_token_goes_to_the_hub_and_not_along_a_redirect(server: RangeServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_ENDPOINT", server.address)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with RemoteFile(server.url("file.bin", "hub"), policy=AT_ONCE) as file:
        list(file.read_spans(spans_of(3, 5)))
        server.expire()
        list(file.read_spans(spans_of(4, 5)))
        assert "hf_secret" not in f"{file!r} {vars(file)}"
    seen = {(request.path.split("/")[1], request.headers.get("Authorization")) for request in server.requests}
    assert seen == {("hub", "Bearer hf_secret"), ("signed", None)}


def test_an_iterator_that_is_left_ends_its_threads(server: RangeServer):
    with RemoteFile(server.url("file.bin"), policy=RetryPolicy(first_wait_s=600)) as file:
        found = file.read_spans(spans_of(5, 200))
        next(found)
        server.fail_randomly(1.0, seed=0, kinds=("unavailable",))  # threads now wait for ten minutes
        found.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("reben-ranges")]


_READER = """
import sys
from reben.net.remote_file import RemoteFile
file = RemoteFile(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
list(file.read_spans([(200_000 + number * 1000, 1000) for number in range(100)]))
"""


def test_ctrl_c_ends_requests_that_wait(server: RangeServer):
    command = [sys.executable, "-c", _READER, server.url("file.bin")]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, **pipes, text=True) as reader:
        assert reader.stdout.readline() == "open\n"
        server.latency_s = 3600.0
        reader.stdin.write("\n")
        reader.stdin.flush()
        while len(server.requests) < 2:
            threading.Event().wait(0.01)
        reader.send_signal(signal.SIGINT)
        _, errors = reader.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert reader.returncode != 0


def test_an_error_ends_the_threads(server: RangeServer):
    with RemoteFile(server.url("file.bin"), policy=RetryPolicy(attempts=1)) as file:
        server.fail("", "", "changed")
        with pytest.raises(RemoteError, match="has changed"):
            list(file.read_spans([(200_000 + number * 1000, 1000) for number in range(2000)]))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("reben-ranges")]
    assert len(server.requests) < 200
