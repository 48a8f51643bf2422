"""A flipped bit in a store is found and named, however the store was written."""

from collections.abc import Iterator
from pathlib import Path

import lmdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save

from reben.core.errors import StoreError
from reben.io.store import SHARDS_FILE, create_store, merge_stores, open_store, resume_store
from reben.io.store.checksums import CHECKSUMS_FILE, append_to_log, crc32, lookup, read_checksums, read_log
from reben.io.store.contents import read_contents


def values(count: int = 40) -> list[tuple[str, bytes]]:
    draw = np.random.default_rng(0)
    return [(f"patch-{n:03d}", save({"B02": draw.integers(0, 9000, (12, 12), np.uint16)})) for n in range(count)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with create_store(tmp_path / "store") as writer:
        for first in range(40, 0, -8):  # the order of writing is not that of the keys
            writer.write(values()[first - 8 : first])
    return tmp_path / "store"


def damage(store: Path, value: bytes) -> None:
    """Flip a bit of the pixels, as a failing disk does."""
    file = store / "data.mdb"
    raw = bytearray(file.read_bytes())
    place = raw.find(value)
    while place >= 0:  # pages that LMDB does not use any more may hold it, too
        raw[place + len(value) - 5] ^= 4
        place = raw.find(value, place + 1)
    file.write_bytes(raw)


def test_what_was_written_passes(store: Path):
    found = read_contents(open_store(store))
    assert (found.damaged_count, found.checked, found.values) == (0, 40, 40)


@pytest.mark.parametrize("number", [0, 17, 39])
def test_a_flipped_bit_is_named_with_its_key(store: Path, number: int):
    key, value = values()[number]
    damage(store, value)
    found = read_contents(open_store(store))
    assert list(found.damaged) == [key]
    assert "has changed since it was written" in found.damaged[key]


def test_an_interrupted_store_has_the_same_checksums(store: Path, tmp_path: Path):
    class KilledError(Exception):
        pass

    def interrupted() -> Iterator[None]:
        with resume_store(tmp_path / "again", origin="x") as writer:
            writer.write(values()[:10])
            yield
            raise KilledError

    with pytest.raises(KilledError):
        list(interrupted())
    partial = next(path for path in tmp_path.iterdir() if path.name.startswith(".again"))
    log = next(partial.glob("checksums.log"))
    log.write_bytes(log.read_bytes()[: 12 * 7 + 5])  # killed between a transaction and the note of its checksums
    with resume_store(tmp_path / "again", origin="x") as writer:
        writer.write(values()[10:])
    assert (tmp_path / "again" / CHECKSUMS_FILE).read_bytes() == (store / CHECKSUMS_FILE).read_bytes()
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == [CHECKSUMS_FILE, "data.mdb"]


def test_stores_of_other_programs_have_none_and_get_them_by_merging(tmp_path: Path):
    with lmdb.open(str(tmp_path / "other"), lock=False) as environment, environment.begin(write=True) as transaction:
        for key, value in values(3):
            transaction.put(key.encode(), value)
    found = read_contents(open_store(tmp_path / "other"))
    assert (found.damaged_count, found.checked, found.values) == (0, 0, 3)
    merge_stores([tmp_path / "other"], tmp_path / "merged")
    assert read_contents(open_store(tmp_path / "merged")).checked == 3


def test_shards_are_checked_each_by_its_own(tmp_path: Path):
    for number in range(2):
        with create_store(tmp_path / "shards" / f"shard-0000{number}") as writer:
            writer.write(values()[number::2])
    (tmp_path / "shards" / SHARDS_FILE).write_text('{"shards": 2}')
    assert read_contents(open_store(tmp_path / "shards")).checked == 40
    key, value = values()[5]
    damage(tmp_path / "shards" / "shard-00001", value)
    (tmp_path / "shards" / "shard-00000" / CHECKSUMS_FILE).unlink()
    found = read_contents(open_store(tmp_path / "shards"))
    assert (list(found.damaged), found.checked) == ([key], 20)


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda raw: raw[:-1], "expected 168 for 40 values"), (lambda raw: b"X" + raw[1:], "is not a file of checksums")],
)
def test_a_damaged_file_of_checksums_is_named(store: Path, change, message: str):
    file = store / CHECKSUMS_FILE
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(StoreError, match=message):
        read_contents(open_store(store))
    assert len(open_store(store)) == 40  # it can still be read
    assert read_checksums(store.parent, 40) is None


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.binary(max_size=50), max_size=8), st.integers(0, 12))
def test_the_log_gives_back_what_was_noted(tmp_path_factory, items: dict[str, bytes], cut: int):
    folder = tmp_path_factory.mktemp("log")
    for item in items.items():
        append_to_log(folder, [item])
    whole = read_log(folder)
    assert [lookup(whole, key.encode()) for key in items] == [crc32(value) for value in items.values()]
    log = folder / "checksums.log"
    if log.exists():
        log.write_bytes(log.read_bytes()[: -cut or None])
        left = read_log(folder)
        assert left.items() <= whole.items()
        for item in items.items():  # as a resumed encoding does
            append_to_log(folder, [item])
        assert read_log(folder) == whole
