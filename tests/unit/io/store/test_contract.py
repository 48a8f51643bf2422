"""What every store keeps, however it was made and wherever it lies. A new kind of store is one more maker."""

import json
import pickle
import re
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import lmdb
import numpy as np
import pytest
from safetensors.numpy import save

from reben.core.errors import KeyNotFoundError, StoreError
from reben.io.store import Store, create_store, merge_stores, open_store, shard_name
from reben.io.store.maps import SHARDS_FILE
from stand_ins.range_server import running_range_server

KEYS = [f"P_{column:02}_{row:02}" for column in range(7) for row in range(9)]
VALUES = {
    key: save(
        {
            "B02": np.full((120, 120), number, "<u2"),
            "B05": np.full((60, 60), 3 * number, "<u2"),
            "VV": np.array([number, -number, np.nan], "<f4"),
        }
    )
    for number, key in enumerate(KEYS)
}


def write(target: Path, keys: list[str]) -> Path:
    with create_store(target) as writer:
        writer.write([(key, VALUES[key]) for key in keys])
    return target


def write_shards(target: Path, parts: list[list[str]]) -> Path:
    for number, keys in enumerate(parts):
        write(target / shard_name(number), keys)
    (target / SHARDS_FILE).write_text(json.dumps({"shards": len(parts)}))
    return target


@contextmanager
def folder(root: Path) -> Iterator[Path]:
    yield write(root / "store", KEYS)


@contextmanager
def file(root: Path) -> Iterator[Path]:
    yield write(root / "store", KEYS) / "data.mdb"


@contextmanager
def shards(root: Path) -> Iterator[Path]:
    yield write_shards(root / "shards", [KEYS[:21], KEYS[21:42], KEYS[42:]])


@contextmanager
def interleaved_shards(root: Path) -> Iterator[Path]:
    yield write_shards(root / "shards", [KEYS[0::2], KEYS[1::2]])


@contextmanager
def merged(root: Path) -> Iterator[Path]:
    parts = [write(root / f"part-{number}", KEYS[number::2]) for number in range(2)]
    merge_stores(parts, root / "store")
    yield root / "store"


@contextmanager
def of_others(root: Path) -> Iterator[Path]:
    """As plain LMDB writes it, without our file of checksums."""
    with (
        lmdb.open(str(root / "store"), map_size=1 << 26) as environment,
        environment.begin(write=True) as transaction,
    ):
        for key, value in VALUES.items():
            transaction.put(key.encode(), value)
    yield root / "store"


@contextmanager
def at_an_address(root: Path) -> Iterator[str]:
    """Served by a stand-in, and read through a cache of its own."""
    write(root / "served" / "store", KEYS)
    with pytest.MonkeyPatch.context() as patch, running_range_server(root / "served") as server:
        patch.setenv("REBEN_CACHE", str(root / "cache"))
        yield server.url("store")


Maker = Callable[[Path], AbstractContextManager[Path | str]]
MAKERS: dict[str, Maker] = {
    maker.__name__: maker for maker in (folder, file, shards, interleaved_shards, merged, of_others, at_an_address)
}


@pytest.fixture(scope="module", params=MAKERS)
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path | str]]:
    with MAKERS[request.param](tmp_path_factory.mktemp(request.param)) as path:
        yield request.param, path


@pytest.fixture
def store(place: tuple[str, Path | str]) -> Iterator[Store]:
    opened = open_store(place[1])
    yield opened
    opened.close()


def expect_all(store: Store) -> None:
    assert {key: store.raw(key) for key in store} == VALUES


def test_keys_are_sorted_counted_and_contained(store: Store):
    assert list(store) == sorted(KEYS)
    assert len(store) == len(KEYS)
    assert all(key in store for key in KEYS)
    assert not any(key in store for key in ("", "P_00", "P_00_00x", "Q", "A", "\ud800"))


def test_values_are_the_bytes_that_were_written(store: Store):
    expect_all(store)
    assert {key: bytes(store.buffer(key)) for key in KEYS} == VALUES


def test_tensors_have_shape_type_and_pixels(store: Store):
    for number, key in enumerate(KEYS):
        found = store[key]
        assert {name: (array.shape, array.dtype.str) for name, array in found.items()} == {
            "B02": ((120, 120), "<u2"), "B05": ((60, 60), "<u2"), "VV": ((3,), "<f4"),
        }  # fmt: skip
        assert (found["B02"] == number).all()
        assert (found["B05"] == 3 * number).all()
        assert found["VV"].tolist()[:2] == [number, -number]


def test_some_tensors_in_the_order_asked_for(store: Store):
    vv, b02 = store.tensors(KEYS[5], ("VV", "B02"))
    assert (vv.shape, b02.shape) == ((3,), (120, 120))
    with pytest.raises(StoreError, match="has no tensor 'B99'; expected one of"):
        store.tensors(KEYS[5], ("B02", "B99"))


def test_tensors_are_read_only_and_survive_the_store(store: Store):
    arrays = {key: store[key]["B02"] for key in KEYS}
    store.close()
    for number, array in enumerate(arrays.values()):
        assert not array.flags.writeable
        assert (array == number).all()
    with pytest.raises(ValueError, match="read-only"):
        arrays[KEYS[0]][0, 0] = 1


def test_a_closed_store_opens_again(store: Store):
    store.close()
    expect_all(store)


@pytest.mark.parametrize("read", [Store.__getitem__, Store.raw, Store.buffer])
def test_a_missing_key_is_named_with_its_neighbour(store: Store, read: Callable[[Store, str], object]):
    with pytest.raises(KeyNotFoundError, match="has no key 'P_03_99'") as caught:
        read(store, "P_03_99")
    assert "P_0" in caught.value.hint


def test_lacking_keys_in_their_order(store: Store):
    wanted = [KEYS[3], "P_99_99", KEYS[1], "A"]
    assert store.lacks(key.encode() for key in wanted).tolist() == [False, True, False, True]


def test_checksums_are_those_of_the_values(store: Store, place: tuple[str, Path | str]):
    known = place[0] not in {"of_others", "at_an_address"}
    expected = {key: zlib.crc32(value) if known else None for key, value in sorted(VALUES.items())}
    assert dict(store.checksums()) == expected


def test_iterations_may_be_nested_and_left(store: Store):
    pairs = [(first, second) for first in store for second in store]
    assert len(pairs) == len(KEYS) ** 2
    assert next(iter(store)) == next(iter(store)) == KEYS[0]


def test_a_pickled_store_carries_no_data(store: Store):
    assert store.raw(KEYS[0]) == VALUES[KEYS[0]]
    text = pickle.dumps(store)
    assert len(text) < 1_000
    copy = pickle.loads(text)  # noqa: S301 - our own
    expect_all(copy)
    copy.close()


def test_threads_read_at_the_same_time(store: Store):
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(KEYS * 5, pool.map(store.raw, KEYS * 5), strict=True))
    assert found == VALUES


def test_a_store_is_equal_to_itself_and_shows_where_it_lies(store: Store, place: tuple[str, Path | str]):
    assert store == store  # noqa: PLR0124
    assert store != open_store(place[1])
    assert str(place[1]) in repr(store)
    assert re.search(rf">values</th>.*?>{len(KEYS)}<", store._repr_html_())
    assert str(place[1]) in store._repr_html_()
    assert store.nbytes > sum(map(len, VALUES.values()))
