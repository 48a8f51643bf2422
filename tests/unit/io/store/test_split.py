from pathlib import Path

import pytest

from reben.core.errors import StoreError
from reben.io.store import create_store, open_store
from reben.io.store.split import split_store


def test_shards_hold_the_same_values_and_are_no_larger(tiny_store: Path, tmp_path: Path):
    whole = open_store(tiny_store)
    shards = split_store(tiny_store, tmp_path / "split", most_bytes=1_500_000)
    assert len(shards) > 2
    assert max((shard / "data.mdb").stat().st_size for shard in shards) <= 1_500_000
    found = open_store(tmp_path / "split")
    assert list(found) == list(whole)
    assert all(found.raw(key) == whole.raw(key) for key in whole)


def test_equal_stores_give_equal_shards(tiny_store: Path, tmp_path: Path):
    first, second = (split_store(tiny_store, tmp_path / name, most_bytes=3_000_000) for name in ("a", "b"))
    assert [(shard / "data.mdb").read_bytes() for shard in first] == [(s / "data.mdb").read_bytes() for s in second]


def test_shards_too_small_for_a_value_and_empty_stores_are_refused(tiny_store: Path, tmp_path: Path):
    with pytest.raises(StoreError, match="are too small"):
        split_store(tiny_store, tmp_path / "split", most_bytes=50_000)
    with create_store(tmp_path / "empty"):
        pass
    with pytest.raises(StoreError, match="is empty"):
        split_store(tmp_path / "empty", tmp_path / "split", most_bytes=50_000)
    assert not (tmp_path / "split").exists()
