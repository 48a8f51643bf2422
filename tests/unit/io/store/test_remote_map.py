"""`open_store` on an address: the same store, from a cache that is shared, limited, and not believed blindly."""

import multiprocessing
import pickle
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from reben.core.errors import KeyNotFoundError, RemoteError
from reben.io.store import Store, open_store
from reben.io.store import remote_map as tested
from reben.net.retries import RetryPolicy
from stand_ins.generated_stores import patch_id, s1_name
from stand_ins.range_server import RangeServer, running_range_server

_FORK_WARNING = "ignore:.*multi-threaded.*fork:DeprecationWarning"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REBEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(tested, "_IMPATIENT", RetryPolicy(attempts=1))
    return tmp_path / "cache"


@pytest.fixture
def server(generated_store: Path) -> Iterator[RangeServer]:
    with running_range_server(generated_store.parent) as running:
        yield running


def test_the_same_store(server: RangeServer, generated_store: Path):
    local, far = open_store(generated_store), open_store(server.url("store"))
    assert (len(far), far.nbytes, list(far)) == (len(local), local.nbytes, list(local))
    for key in random.Random(0).sample(list(local), 30):  # noqa: S311
        assert far.raw(key) == local.raw(key)
        for name, array in far[key].items():
            np.testing.assert_array_equal(array, local[key][name])
            assert not array.flags.writeable
    assert far.lacks([b"nothing", patch_id(3).encode(), b""]).tolist() == [True, False, True]
    assert list(far.checksums())[:1] == [(next(iter(local)), None)]
    assert list(far.first_of_kinds()) == list(local.first_of_kinds())
    with pytest.raises(KeyNotFoundError) as caught:
        far[patch_id(3) + "0"]
    assert patch_id(3)[:-2] in caught.value.hint
    assert "" not in far


def test_asking_whether_a_key_is_there_fetches_no_value(server: RangeServer):
    far = open_store(server.url("store"))
    assert s1_name(1) in far
    sent = server.sent
    assert s1_name(1) in far
    assert server.sent == sent


def test_values_are_fetched_once(server: RangeServer):
    far = open_store(server.url("store"))
    far.fetch([patch_id(number) for number in range(50)] + ["nothing"])
    requests = len(server.requests)
    first = [far.raw(patch_id(number)) for number in range(50)]
    assert len(server.requests) == requests
    again = open_store(server.url("store"))
    assert [again.raw(patch_id(number)) for number in range(50)] == first
    assert len(server.requests) == requests + 1  # whether it is still the same


def test_without_the_server(server: RangeServer, generated_store: Path):
    far = open_store(server.url("store"))
    value = far.raw(patch_id(7))
    server.down = True
    offline = open_store(server.url("store"))
    assert offline.raw(patch_id(7)) == far.raw(patch_id(7)) == value
    assert patch_id(7) in offline
    assert len(offline) == len(open_store(generated_store))
    with pytest.raises(RemoteError, match="the server cannot be reached, and the cache does not hold") as caught:
        offline.raw(s1_name(6000))
    assert caught.value.hint


def test_without_the_server_what_was_never_read_cannot_be(server: RangeServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("reben.net.retries.RetryPolicy.wait_s", lambda *_: 0.0)
    server.down = True
    with pytest.raises(RemoteError, match="the connection failed"):
        open_store(server.url("store"))


def test_another_version_is_another_store(server: RangeServer):
    value = open_store(server.url("store")).raw(patch_id(7))
    server.etag_suffix = "-2"
    sent = server.sent
    assert open_store(server.url("store")).raw(patch_id(7)) == value
    assert server.sent > sent + len(value)


def test_damaged_files_of_the_cache_are_fetched_again(server: RangeServer, cache: Path):
    value = open_store(server.url("store")).raw(patch_id(7))
    for path in cache.rglob("*.cached"):
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    assert open_store(server.url("store")).raw(patch_id(7)) == value


def test_a_cache_that_holds_nothing(server: RangeServer, generated_store: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REBEN_CACHE_GB", "0")
    far, local = open_store(server.url("store")), open_store(generated_store)
    far.fetch([patch_id(1)])
    assert far.raw(patch_id(1)) == local.raw(patch_id(1))


def test_threads(server: RangeServer, generated_store: Path):
    far, local = open_store(server.url("store")), open_store(generated_store)
    keys = random.Random(1).choices(list(local), k=200)  # noqa: S311
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(far.raw, keys)) == [local.raw(key) for key in keys]


@pytest.mark.filterwarnings(_FORK_WARNING)
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_processes(server: RangeServer, generated_store: Path, start: str):
    far, local = open_store(server.url("store")), open_store(generated_store)
    far.raw(patch_id(0))
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(start)) as pool:
        futures = [pool.submit(far.raw, patch_id(number)) for number in range(20)]
        found = [future.result() for future in futures]
    assert found == [local.raw(patch_id(number)) for number in range(20)]
    assert far.raw(patch_id(50)) == local.raw(patch_id(50))


def _inherited(far: Store, keys: list[str], into: multiprocessing.SimpleQueue) -> None:
    into.put([far.raw(key) for key in keys])


@pytest.mark.filterwarnings(_FORK_WARNING)
def test_a_forked_process_has_connections_of_its_own(server: RangeServer, generated_store: Path):
    """It inherits an open store, and both read at the same time."""
    far, local = open_store(server.url("store")), open_store(generated_store)
    far.raw(patch_id(0))
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    keys = [patch_id(number) for number in range(100, 160)]
    child = context.Process(target=_inherited, args=(far, keys, queue))
    child.start()
    assert [far.raw(s1_name(number)) for number in range(60)] == [local.raw(s1_name(number)) for number in range(60)]
    assert queue.get() == [local.raw(key) for key in keys]
    child.join()


def test_secrets_of_an_address_stay_out_of_sight(server: RangeServer, cache: Path):
    far = open_store(server.url("store/data.mdb?signature=secret"))
    assert "secret" not in f"{far!r} {far._repr_html_()} {far.path}"
    far.raw(patch_id(1))
    assert not any(b"secret" in path.read_bytes() for path in cache.rglob("*.cached"))
    assert pickle.loads(pickle.dumps(far)).raw(patch_id(1)) == far.raw(patch_id(1))  # noqa: S301
