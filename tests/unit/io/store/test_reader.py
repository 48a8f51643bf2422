import gc
import json
import multiprocessing
import operator
import os
import pickle
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from safetensors.numpy import load, save

from reben.core.errors import KeyNotFoundError, StoreError
from reben.io.store import Store, create_store, open_store, shard_name
from stand_ins.kills import stride

Tensors = dict[str, NDArray[Any]]

_FORK_WARNINGS = (
    "ignore:.*multi-threaded.*fork:DeprecationWarning",  # Python 3.12 and later
    "ignore:.*previously imported, but not measured",  # coverage's, as the forked process ends
)
forking = pytest.mark.filterwarnings(*_FORK_WARNINGS)

KEYS = [f"P_{column:02}_{row:02}" for column in range(10) for row in range(10)]

keys = st.text(min_size=1, max_size=100)
arrays = hnp.arrays(
    st.sampled_from(["?", "u1", "<u2", "<i4", "<f4", "<f8"]), hnp.array_shapes(min_dims=0, max_dims=3, max_side=5)
)
contents = st.dictionaries(
    keys, st.dictionaries(st.sampled_from(["B01", "B02", "VV", "ö", "Data"]), arrays), max_size=6
)


def tensors_of(key: str) -> Tensors:
    """Two tensors that tell the keys apart."""
    seed = KEYS.index(key)
    return {"B02": np.full((120, 120), seed, "u2"), "VV": np.arange(seed, seed + 6, dtype="f4").reshape(2, 3)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "stores" / "S2"
    with create_store(target) as writer:
        writer.write([(key, save(tensors_of(key))) for key in KEYS])
    return target


def write_with_lmdb(target: Path, values: dict[str, bytes]) -> None:
    target.mkdir(exist_ok=True)
    with lmdb.open(str(target), map_size=1 << 26) as environment, environment.begin(write=True) as transaction:
        for key, value in values.items():
            transaction.put(key.encode(), value)


def assert_equal(found: Tensors, expected: Tensors) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert (found[name].shape, found[name].dtype) == (array.shape, array.dtype)
        assert found[name].tobytes() == array.tobytes()  # bytes: NaN is to be kept too


def mapped_addresses(path: Path) -> list[range]:
    """Where this process has mapped the store at `path`."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    spans = (line.split()[0].split("-") for line in lines if line.endswith(f" {path / 'data.mdb'}"))
    return [range(int(first, 16), int(last, 16)) for first, last in spans]


def address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


# Contents


@settings(max_examples=25)
@given(contents)
def test_any_arrays_are_read_as_written_here_and_by_plain_lmdb_and_safetensors(content: dict[str, Tensors]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "store"
        with create_store(target) as writer:
            writer.write([(key, save(tensors)) for key, tensors in content.items()])
        with lmdb.open(str(target), readonly=True, lock=False) as environment, environment.begin() as transaction:
            plain = {key.decode(): load(value) for key, value in transaction.cursor()}
        store = Store(target)
        assert list(store) == sorted(content, key=str.encode) == list(plain)
        assert len(store) == len(content)
        for key, tensors in content.items():
            assert_equal(plain[key], tensors)
            assert_equal(store[key], tensors)


@settings(max_examples=25)
@given(contents, st.dictionaries(st.text(), st.text(), max_size=2), st.booleans())
def test_stores_of_plain_lmdb_and_safetensors_are_read(
    content: dict[str, Tensors], metadata: dict[str, str], backwards: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ordered = sorted(content.items(), reverse=backwards)
        write_with_lmdb(Path(folder), {key: save(tensors, metadata or None) for key, tensors in ordered})
        store = Store(folder)
        assert len(store) == len(content)
        for key, tensors in content.items():
            assert_equal(store[key], tensors)


def test_keys_are_sorted_and_counted(path: Path) -> None:
    store = open_store(path)
    assert list(store) == KEYS
    assert len(store) == len(KEYS)


@pytest.mark.parametrize(
    ("key", "there"), [(KEYS[3], True), ("P", False), ("x" * 600, False), (3, False), (None, False), ("\ud800", False)]
)
def test_keys_are_contained(path: Path, key: object, there: bool) -> None:
    assert (key in open_store(path)) is there


def test_empty_key_is_not_contained(path: Path) -> None:
    assert "" not in open_store(path)


def test_tensors_come_in_the_order_asked_for(path: Path) -> None:
    vv, b02 = open_store(path).tensors(KEYS[5], ("VV", "B02"))
    assert np.array_equal(vv, tensors_of(KEYS[5])["VV"])
    assert np.array_equal(b02, tensors_of(KEYS[5])["B02"])


def test_raw_value_is_the_written_bytes(path: Path) -> None:
    assert open_store(path).raw(KEYS[5]) == save(tensors_of(KEYS[5]))


def test_store_shows_its_path(path: Path) -> None:
    assert repr(open_store(path)) == f"Store('{path}')"


@pytest.mark.parametrize("kind", [str, Path])
def test_file_itself_may_be_opened(path: Path, kind: type[str | Path]) -> None:
    assert_equal(Store(kind(path / "data.mdb"))[KEYS[1]], tensors_of(KEYS[1]))


def test_reading_leaves_no_traces_and_needs_no_write_permission(path: Path) -> None:
    (path / "data.mdb").chmod(0o444)
    path.chmod(0o555)
    try:
        assert len(Store(path)[KEYS[0]]) == 2
    finally:
        path.chmod(0o755)
    assert {file.name for file in path.iterdir()} == {"checksums.bin", "data.mdb"}


# Errors


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("P_03_0", "P_03_00"), ("P_03_99", "P_03_09"), ("A", "P_00_00"), ("Z", "P_09_09"), ("P_09_09_VV", "P_09_09")],
)
@pytest.mark.parametrize("read", [Store.__getitem__, Store.raw, lambda store, key: store.tensors(key, ("VV",))])
def test_missing_key_is_named_and_the_hint_names_the_nearest(
    path: Path, read: Callable[[Store, str], object], key: str, nearest: str
) -> None:
    with pytest.raises(KeyNotFoundError, match=f"{path} has no key '{key}'") as caught:
        read(open_store(path), key)
    assert caught.value.hint == f"the nearest key is '{nearest}'"


@pytest.mark.parametrize("key", [0, None, b"P_03_00", "\ud800"])
def test_what_cannot_be_a_key_is_missing(path: Path, key: object) -> None:
    store = open_store(path)
    with pytest.raises(KeyNotFoundError, match="has no key") as caught:
        store[key]  # type: ignore[index]
    assert caught.value.hint == "keys are texts; the first is 'P_00_00'"
    assert store.get(key) is None  # type: ignore[call-overload]


def test_empty_key_is_missing(path: Path) -> None:
    with pytest.raises(KeyNotFoundError, match="''"):
        open_store(path)[""]


def test_missing_key_of_an_empty_store_says_so(tmp_path: Path) -> None:
    with create_store(tmp_path / "store"):
        pass
    with pytest.raises(KeyNotFoundError, match="'a'") as caught:
        open_store(tmp_path / "store")["a"]
    assert caught.value.hint == "the store is empty"
    assert ">0<" in open_store(tmp_path / "store")._repr_html_()


def test_missing_tensor_is_named_with_those_there_are(path: Path) -> None:
    with pytest.raises(StoreError, match=rf"{path}, key '{KEYS[0]}': has no tensor 'B99'; expected .*VV") as caught:
        open_store(path).tensors(KEYS[0], ("VV", "B99"))
    assert not isinstance(caught.value, KeyNotFoundError)
    assert "B02" in str(caught.value)


@pytest.mark.parametrize("value", [b"", b"garbage", b"much longer garbage", save({"a": np.zeros(9)})[:-3]])
def test_damaged_value_is_named_with_store_and_key(tmp_path: Path, value: bytes) -> None:
    write_with_lmdb(tmp_path, {"bad": value, "good": save({"a": np.ones(2, "u1")})})
    store = Store(tmp_path)
    for read in (store.__getitem__, lambda key: store.tensors(key, ("a",))):
        with pytest.raises(StoreError, match=f"{tmp_path}, key 'bad': value"):
            read("bad")
    assert store["good"]["a"].tolist() == [1, 1]
    assert "key &#x27;bad&#x27;: value" in store._repr_html_(), "notebooks show the store all the same"


def test_missing_path_is_named_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=f"{tmp_path / 'nowhere'} is not a store") as caught:
        Store(tmp_path / "nowhere")
    assert "reben encode" in caught.value.hint


def test_folder_above_the_store_hints_at_the_store(path: Path) -> None:
    with pytest.raises(StoreError, match=f"{path.parent} is not a store") as caught:
        Store(path.parent)
    assert caught.value.hint == f"did you mean {path}?"


@pytest.mark.parametrize("content", [b"", b"x", bytes(10_000), b"no database" * 1000], ids=len)
def test_file_that_is_no_lmdb_is_named_with_a_hint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "data.mdb").write_bytes(content)
    with pytest.raises(StoreError, match=f"{tmp_path} is not a store") as caught:
        Store(tmp_path)
    assert "encode it again" in caught.value.hint


READ_ALL = """
import sys
from reben.core.errors import StoreError
from reben.io.store import Store
try:
    store = Store(sys.argv[1])
    for key in store:
        store[key]["B02"].sum()
except StoreError as error:
    print(error)
"""


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_half_copied_store_is_refused(path: Path, share: float) -> None:
    os.truncate(path / "data.mdb", int((path / "data.mdb").stat().st_size * share))
    run = subprocess.run([sys.executable, "-c", READ_ALL, path], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert str(path) in run.stdout


# Views


def test_tensors_lie_in_the_memory_map(path: Path) -> None:
    tensors = open_store(path)[KEYS[0]]
    spans = mapped_addresses(path)
    assert len(tensors) == 2
    for array in tensors.values():
        assert any(address(array) in span for span in spans)


def test_tensors_cannot_be_written_to(path: Path) -> None:
    array = open_store(path)[KEYS[0]]["B02"]
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True


def test_tensors_survive_the_store(path: Path) -> None:
    store = open_store(path)
    whole, part = store[KEYS[7]]["B02"], store[KEYS[8]]["B02"][5:7, ::2]
    store.close()
    del store
    gc.collect()
    assert mapped_addresses(path)
    assert (whole == 7).all()
    assert (part == 8).all()


def test_each_tensor_alone_keeps_the_map(path: Path) -> None:
    tensors = open_store(path)[KEYS[7]]
    for name in list(tensors):
        kept = tensors.pop(name)
        gc.collect()
        assert np.array_equal(kept, tensors_of(KEYS[7])[name])
    assert mapped_addresses(path)
    del kept
    gc.collect()
    assert not mapped_addresses(path)


def test_tensors_survive_the_thread_that_read_them(path: Path) -> None:
    with ThreadPoolExecutor(1) as thread:
        tensors = thread.submit(operator.getitem, open_store(path), KEYS[7]).result()
    gc.collect()
    assert mapped_addresses(path)
    assert_equal(tensors, tensors_of(KEYS[7]))


def test_closing_lets_go_of_the_map_and_reading_opens_it_again(path: Path) -> None:
    store = open_store(path)
    assert KEYS[0] in store
    store.close()
    gc.collect()
    assert not mapped_addresses(path)
    assert_equal(store[KEYS[0]], tensors_of(KEYS[0]))


# One store, many users


def test_store_may_be_opened_twice(path: Path) -> None:
    first, second = Store(path), Store(path / "data.mdb")
    assert_equal(first[KEYS[1]], second[KEYS[1]])
    first.close()
    assert_equal(second[KEYS[2]], tensors_of(KEYS[2]))
    assert len({span.start for span in mapped_addresses(path)}) == 1


def test_new_store_under_an_old_path_is_read_anew(path: Path) -> None:
    old = Store(path)
    before = old[KEYS[4]]["B02"]
    shutil.rmtree(path)
    with create_store(path) as writer:
        writer.write([(KEYS[4], save({"B02": np.array([99], "u2")}))])
    assert Store(path)[KEYS[4]]["B02"].tolist() == [99]
    assert (before == 4).all()


def test_iterations_may_be_nested_and_left(path: Path) -> None:
    store = open_store(path)
    outer = iter(store)
    assert next(outer) == KEYS[0]
    assert list(store) == KEYS
    assert KEYS[5] in store
    assert next(outer) == KEYS[1]


def test_pickled_store_reads_the_same_and_carries_no_data(path: Path) -> None:
    store = open_store(path)
    assert KEYS[0] in store
    pickled = pickle.dumps(store)
    assert len(pickled) < 1000
    assert_equal(pickle.loads(pickled)[KEYS[3]], tensors_of(KEYS[3]))  # noqa: S301 - our own bytes


def test_threads_read_at_the_same_time(path: Path) -> None:
    store = open_store(path)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda key: (key, store[key]), KEYS * 5))
    for key, tensors in found:
        assert_equal(tensors, tensors_of(key))


@forking
@pytest.mark.parametrize("used", [False, True], ids=["unused", "in use"])
def test_forked_process_goes_on_with_the_map(path: Path, used: bool) -> None:
    store = open_store(path)
    held = store[KEYS[1]] if used else {}
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def read() -> None:
        sender.send((store[KEYS[2]], held, len(store), [span.start for span in mapped_addresses(path)]))

    process = multiprocessing.get_context("fork").Process(target=read)
    process.start()
    assert receiver.poll(60)
    tensors, inherited, count, starts = receiver.recv()
    process.join()
    assert process.exitcode == 0
    assert_equal(tensors, tensors_of(KEYS[2]))
    assert_equal(inherited, tensors_of(KEYS[1]) if used else {})
    assert count == len(KEYS)
    assert starts == [span.start for span in mapped_addresses(path)]
    assert_equal(store[KEYS[3]], tensors_of(KEYS[3]))


@forking
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_store_may_be_sent_to_processes(path: Path, method: str) -> None:
    store = open_store(path)
    assert KEYS[0] in store
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as processes:
        found = list(processes.map(operator.getitem, [store] * 10, KEYS[:10]))
    for key, tensors in zip(KEYS[:10], found, strict=True):
        assert_equal(tensors, tensors_of(key))


def test_overwritten_pages_are_reported_as_damage(tmp_path: Path) -> None:
    with create_store(tmp_path / "store") as store:
        for i in range(300):
            store.write([(f"{i:06d}", save({"a": np.zeros(3000, np.uint16)}))])
    data = tmp_path / "store" / "data.mdb"
    content = bytearray(data.read_bytes())
    for start in range(2 * 4096, len(content), 4096):  # all pages but the two that say where the others are
        content[start : start + 32] = b"\xff" * 32
    data.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged") as caught:
        Store(tmp_path / "store")["000007"]
    assert "copy or encode it again" in caught.value.hint


def test_unfinished_stores_are_not_suggested(tmp_path: Path) -> None:
    (tmp_path / ".a.partial").mkdir()
    (tmp_path / ".a.partial" / "data.mdb").write_bytes(b"")
    with pytest.raises(StoreError) as caught:
        Store(tmp_path)
    assert "did you mean" not in caught.value.hint


def test_the_nearest_key_is_of_the_same_kind(tmp_path: Path) -> None:
    value = save({"a": np.zeros(3, np.uint16)})
    with create_store(tmp_path / "store") as store:
        store.write([(key, value) for key in ("p_26_57", "p_26_57_reference_map", "q_00_00")])
    for missing, nearest in (("p_26_58", "p_26_57"), ("p_26_58_reference_map", "p_26_57_reference_map")):
        with pytest.raises(KeyNotFoundError) as caught:
            Store(tmp_path / "store")[missing]
        assert caught.value.hint == f"the nearest key is {nearest!r}"


# Folders of shards


def write_shards(folder: Path, *shards: list[str]) -> Path:
    for number, names in enumerate(shards):
        with create_store(folder / shard_name(number)) as writer:
            writer.write([(key, save(tensors_of(key))) for key in names])
    (folder / "shards.json").write_text(json.dumps({"shards": len(shards)}))
    return folder


SLICES = {
    "slices": [KEYS[:30], KEYS[30:31], KEYS[31:]],
    "slices backwards": [KEYS[60:], KEYS[30:60], KEYS[:30]],
    "interleaved": [KEYS[i::3] for i in range(3)],
    "one inside another": [KEYS[:10] + KEYS[90:], KEYS[10:50], KEYS[50:90]],
    "with empty ones": [[], KEYS[:50], [], KEYS[50:]],
    "only one": [KEYS],
}


@pytest.fixture(params=SLICES.values(), ids=SLICES)
def shards(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same values as in `path`, spread over several stores."""
    return write_shards(tmp_path / "shards", *request.param)


def test_shards_are_one_store(shards: Path, path: Path) -> None:
    store, single = open_store(shards), open_store(path)
    assert list(store) == list(single) == KEYS
    assert len(store) == len(single)
    for key in KEYS:
        assert key in store
        assert store.raw(key) == single.raw(key)
        assert_equal(store[key], tensors_of(key))
        assert np.array_equal(store.tensors(key, ("VV",))[0], tensors_of(key)["VV"])
    for other in ("", "A", "P_03_0", "P_03_001", "Z", "x" * 600, 3, None):
        assert other not in store
    assert repr(store) == f"Store('{shards}')"


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("P_03_071", "P_03_07"), ("P_09_09_VV", "P_09_09"), ("P_00_00x", "P_00_00")],
)
def test_missing_key_of_shards_is_named_and_the_hint_names_the_nearest(shards: Path, key: str, nearest: str) -> None:
    for read in (Store.__getitem__, Store.raw, Store.buffer, lambda store, key: store.tensors(key, ("VV",))):
        with pytest.raises(KeyNotFoundError, match=f"{shards} has no key '{key}'") as caught:
            read(open_store(shards), key)
        assert caught.value.hint == f"the nearest key is '{nearest}'"


def test_missing_key_of_empty_shards_says_so(tmp_path: Path) -> None:
    store = open_store(write_shards(tmp_path / "shards", [], []))
    assert len(store) == 0
    assert list(store) == []
    with pytest.raises(KeyNotFoundError, match="'a'") as caught:
        store["a"]
    assert caught.value.hint == "the store is empty"


def test_shards_may_be_pickled(shards: Path) -> None:
    store = open_store(shards)
    assert KEYS[0] in store
    pickled = pickle.dumps(store)
    assert len(pickled) < 1000
    assert_equal(pickle.loads(pickled)[KEYS[3]], tensors_of(KEYS[3]))  # noqa: S301 - our own bytes


def test_arrays_of_shards_survive_the_store_and_keep_its_maps(tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards", KEYS[:50], KEYS[50:])
    store = open_store(folder)
    array = store[KEYS[60]]["B02"]
    store.close()
    del store
    gc.collect()
    assert (array == 60).all()
    assert any(address(array) in span for span in mapped_addresses(folder / shard_name(1)))
    del array
    gc.collect()
    assert not mapped_addresses(folder / shard_name(0))
    assert not mapped_addresses(folder / shard_name(1))


def test_closed_shards_are_opened_again(shards: Path) -> None:
    store = open_store(shards)
    assert_equal(store[KEYS[1]], tensors_of(KEYS[1]))
    store.close()
    assert_equal(store[KEYS[99]], tensors_of(KEYS[99]))


def test_threads_read_shards_at_the_same_time(shards: Path) -> None:
    store = open_store(shards)
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda key: (key, store[key]), KEYS * 3))
    for key, tensors in found:
        assert_equal(tensors, tensors_of(key))


@forking
@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("name", ["slices", "interleaved"])
def test_shards_may_be_sent_to_processes(tmp_path: Path, method: str, name: str) -> None:
    store = open_store(write_shards(tmp_path / "shards", *SLICES[name]))
    assert KEYS[0] in store
    asked = KEYS[::7]
    with ProcessPoolExecutor(2, multiprocessing.get_context(method)) as processes:
        found = list(processes.map(operator.getitem, [store] * len(asked), asked))
    for key, tensors in zip(asked, found, strict=True):
        assert_equal(tensors, tensors_of(key))


@forking
def test_forked_process_goes_on_with_the_maps_of_shards(tmp_path: Path) -> None:
    store = open_store(write_shards(tmp_path / "shards", *SLICES["slices"]))
    held = store[KEYS[1]]
    receiver, sender = multiprocessing.Pipe(duplex=False)

    def read() -> None:
        sender.send(([store[key] for key in KEYS[::10]], held, len(store), list(store) == KEYS))

    process = multiprocessing.get_context("fork").Process(target=read)
    process.start()
    assert receiver.poll(60)
    found, inherited, count, in_order = receiver.recv()
    process.join()
    assert process.exitcode == 0
    for key, tensors in zip(KEYS[::10], found, strict=True):
        assert_equal(tensors, tensors_of(key))
    assert_equal(inherited, tensors_of(KEYS[1]))
    assert (count, in_order) == (len(KEYS), True)


def test_a_shard_may_be_opened_alone(tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards", KEYS[:50], KEYS[50:])
    assert list(open_store(folder / shard_name(1))) == KEYS[50:]
    assert list(open_store(folder)) == KEYS


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards", KEYS[:50], KEYS[50:])
    (folder / shard_name(1) / "data.mdb").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match=f"{folder / shard_name(1)} is not a store"):
        open_store(folder)
    (folder / shard_name(1) / "data.mdb").unlink()
    with pytest.raises(StoreError, match=f"{folder / shard_name(1)} is not a store"):
        open_store(folder)


def test_unfinished_shards_are_no_store(tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards", KEYS[:50])
    (folder / shard_name(0)).rename(folder / f".{shard_name(0)}.partial")
    with pytest.raises(StoreError, match=f"{folder} is not a store") as caught:
        open_store(folder)
    assert "did you mean" not in caught.value.hint


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_a_shard_that_is_not_there_is_noticed(tmp_path: Path, lost: int) -> None:
    """As after half a copy: `shards.json` says how many there must be."""
    folder = write_shards(tmp_path / "shards", KEYS[:30], KEYS[30:60], KEYS[60:])
    assert len(open_store(folder)) == 100
    shutil.rmtree(folder / shard_name(lost))
    with pytest.raises(StoreError, match="has 2 of 3 shards"):
        open_store(folder)
    (folder / shard_name(lost)).mkdir()
    with pytest.raises(StoreError, match=f"{folder / shard_name(lost)} is not a store"):
        open_store(folder)


def test_shards_whose_list_was_not_copied_are_no_smaller_store(tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards", KEYS[:30], KEYS[30:60], KEYS[60:])
    shutil.rmtree(folder / shard_name(2))
    (folder / "shards.json").unlink()
    with pytest.raises(StoreError, match=r"shards\.json is missing") as caught:
        open_store(folder)
    assert "copy the whole folder again" in caught.value.hint


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"shards": "3"}', '{"shards": true}', '{"shards": 0}', '{"shards": 1e9}', "[" * 9_999]
)
def test_a_damaged_list_of_shards_is_named(content: str, tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards", KEYS)
    (folder / "shards.json").write_text(content)
    with pytest.raises(StoreError, match=r"shards\.json"):
        open_store(folder)


def test_too_few_file_descriptors_are_no_damage(tmp_path: Path) -> None:
    folder = write_shards(tmp_path / "shards", *(KEYS[i : i + 2] for i in range(0, 100, 2)))
    child = os.fork()
    if child == 0:
        said = ""
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 20,) * 2)
            open_store(folder)
        except StoreError as error:
            said = f"{error} {error.hint}"
        finally:
            os._exit(0 if "too many open files" in said and "ulimit -n" in said else 1)
    assert os.waitpid(child, 0)[1] == 0


# Damaged files

LARGE = {f"patch_{number:03}": save({"B02": np.full((50, 50), number, np.uint16)}) for number in range(150)}


def damaged(content: bytes, seed: int) -> bytes:
    """A file with noise in a page, in the first bytes of one, or with one page in the place of another."""
    random, changed = np.random.default_rng(seed), bytearray(content)
    page, other = (4096 * int(number) for number in random.integers(0, len(content) // 4096, 2))
    if seed % 3 == 0:
        changed[page : page + 4096] = random.bytes(4096)
    elif seed % 3 == 1:
        changed[page + 8 : page + 40] = random.bytes(32)
    else:
        changed[page : page + 4096] = changed[other : other + 4096]
    return bytes(changed)


def read_all(path: Path) -> None:
    """What a data set does: look whether all is there, then read."""
    store = open_store(path)
    list(store)
    store.lacks(key.encode() for key in LARGE)
    for key in LARGE:
        with suppress(KeyNotFoundError):
            store[key]


def test_a_damaged_file_never_ends_the_process(tmp_path: Path) -> None:
    """LMDB itself reads wherever a damaged tree points to, which may be behind the end of the file."""
    with create_store(tmp_path / "whole") as writer:
        writer.write_all(LARGE.items())
    content, data = (tmp_path / "whole" / "data.mdb").read_bytes(), tmp_path / "damaged" / "data.mdb"
    data.parent.mkdir()
    for seed in range(0, 150, stride(1)):
        data.write_bytes(damaged(content, seed))
        child = os.fork()
        if child == 0:
            code = 1
            try:
                with suppress(StoreError):
                    read_all(data.parent)
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0, seed


# Buffers


def test_buffer_is_the_value_in_the_map(path: Path) -> None:
    store = open_store(path)
    buffer = store.buffer(KEYS[5])
    assert buffer.readonly
    assert bytes(buffer) == store.raw(KEYS[5]) == save(tensors_of(KEYS[5]))
    assert_equal(load(bytes(buffer)), tensors_of(KEYS[5]))
    here = address(np.frombuffer(buffer, np.uint8))
    assert any(here in span for span in mapped_addresses(path))
    with pytest.raises(TypeError, match="read-only"):
        buffer[0] = 1


def test_buffers_of_several_keys_are_valid_together(shards: Path) -> None:
    store = open_store(shards)
    buffers = {key: store.buffer(key) for key in KEYS}
    assert all(bytes(buffer) == save(tensors_of(key)) for key, buffer in buffers.items())


def test_missing_key_has_no_buffer(path: Path) -> None:
    for key, nearest in (("P_03_0", "P_03_00"), ("x" * 600, "P_09_09"), ("", "P_00_00")):
        with pytest.raises(KeyNotFoundError, match=f"{path} has no key '{key}'") as caught:
            open_store(path).buffer(key)
        assert caught.value.hint == f"the nearest key is '{nearest}'"


def test_a_truncated_store_is_refused_every_time(tmp_path: Path):
    """Even while somebody, such as a notebook, keeps the first error."""
    with create_store(tmp_path / "store") as writer:
        writer.write([(f"key{number}", bytes(50_000)) for number in range(20)])
    data = tmp_path / "store" / "data.mdb"
    data.write_bytes(data.read_bytes()[:500_000])
    kept = []
    for _ in range(3):
        with pytest.raises(StoreError, match="the store has") as caught:
            open_store(tmp_path / "store")
        kept.append(caught.value)
    assert len(kept) == 3
