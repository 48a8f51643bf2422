"""Keys straight from LMDB's tree are those that LMDB itself gives."""

import struct
from pathlib import Path

import lmdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reben.core.errors import StoreError
from reben.io.store import create_store, open_store
from reben.io.store.keys import read_key_pages


def keys_of(path: Path) -> list[bytes]:
    return [key for page in read_key_pages(path / "data.mdb") for key in page]


@settings(max_examples=40, deadline=None)
@given(
    values=st.dictionaries(
        st.text("abcXYZ_0123456789", min_size=1, max_size=200), st.integers(0, 9000), min_size=0, max_size=400
    )
)
def test_any_keys_and_sizes(values: dict[str, int], tmp_path_factory: pytest.TempPathFactory):
    """Small values lie in the leaves, large ones outside of them."""
    path = tmp_path_factory.mktemp("keys") / "store"
    with create_store(path) as writer:
        for key, size in values.items():
            writer.write([(key, bytes(size))])
    assert keys_of(path) == sorted(key.encode() for key in values)


def test_a_tree_of_several_levels(tmp_path: Path):
    keys = [f"{number:07d}" + "x" * 300 for number in range(4000)]
    with create_store(tmp_path / "store") as writer:
        writer.write([(key, b"v") for key in keys])
    assert keys_of(tmp_path / "store") == [key.encode() for key in keys]


def test_values_that_were_deleted_are_gone(tmp_path: Path):
    with lmdb.open(str(tmp_path / "store"), map_size=1 << 24) as environment:
        for number in range(300):
            with environment.begin(write=True) as transaction:
                transaction.put(f"{number:03d}".encode(), bytes(100))
        with environment.begin(write=True) as transaction:
            for number in range(0, 300, 2):
                transaction.delete(f"{number:03d}".encode())
    assert keys_of(tmp_path / "store") == [f"{number:03d}".encode() for number in range(1, 300, 2)]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:3000],
        lambda content: content[:16] + b"\0" * 8 + content[24:],  # magic and version
        lambda content: content[:20] + struct.pack("<I", 2) + content[24:],
        lambda content: content[:8192] + b"\xff" * (len(content) - 8192),
        lambda content: content[:8192] + b"\0" * (len(content) - 8192),
    ],
)
def test_damaged_files_are_named(tmp_path: Path, damage):
    with create_store(tmp_path / "store") as writer:
        writer.write([(f"{number:07d}" + "x" * 300, bytes(100)) for number in range(500)])
    path = tmp_path / "store" / "data.mdb"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StoreError, match="its tree is damaged") as caught:
        list(read_key_pages(path))
    assert str(path) in str(caught.value)


def test_which_of_many_keys_are_missing(tiny_store: Path):
    store = open_store(tiny_store)
    keys = list(store)
    asked = [keys[3].encode(), b"nothing", keys[-1].encode(), b""]
    assert store.lacks(asked).tolist() == [False, True, False, True]
    assert not store.lacks([]).any()
