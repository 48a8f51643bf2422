import shutil
from collections.abc import Mapping
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reben.core.errors import StoreError, TargetExistsError
from reben.io.store import create_store, merge_stores, open_store


def write(path: Path, values: Mapping[str, bytes]) -> Path:
    with create_store(path) as writer:
        for key, value in values.items():
            writer.write([(key, value)])
    return path


def content(path: Path) -> dict[str, bytes]:
    store = open_store(path)
    return {key: store.raw(key) for key in store}


def many(count: int = 300, nbytes: int = 40_000) -> dict[str, bytes]:
    """Some twelve megabytes: several transactions."""
    random = np.random.default_rng(0)
    return {f"key {number:04d}": random.bytes(nbytes + number) for number in range(count)}


def test_all_values_in_the_order_of_their_keys(tmp_path: Path):
    one = write(tmp_path / "one", {"b": b"1", "d": b"2", "ä": b"3"})
    other = write(tmp_path / "other", {"a": b"4", "c": b"5", "e": b"6", "z": b"7"})
    told: list[int] = []
    merge_stores([one, other], tmp_path / "merged", progress=told.append)
    assert list(content(tmp_path / "merged").items()) == [
        ("a", b"4"), ("b", b"1"), ("c", b"5"), ("d", b"2"), ("e", b"6"), ("z", b"7"), ("ä", b"3"),
    ]  # fmt: skip
    assert sum(told) == 7
    assert {path.name for path in (tmp_path / "merged").iterdir()} == {"checksums.bin", "data.mdb"}
    assert {path.name for path in tmp_path.iterdir()} == {"one", "other", "merged"}


def test_equal_duplicates_are_kept_once(tmp_path: Path):
    paths = [write(tmp_path / name, {"a": b"1", name: name.encode()}) for name in ("x", "y", "z")]
    merge_stores(paths, tmp_path / "merged")
    assert content(tmp_path / "merged") == {"a": b"1", "x": b"x", "y": b"y", "z": b"z"}


def test_different_duplicates_are_an_error(tmp_path: Path):
    one, two, three = (
        write(tmp_path / name, {"a": value, "b": b"x"})
        for name, value in {"one": b"1", "two": b"1", "three": b"3"}.items()
    )
    with pytest.raises(StoreError, match="have different values for 'a'") as caught:
        merge_stores([one, two, three], tmp_path / "merged")
    assert str(three) in str(caught.value)
    assert caught.value.hint
    assert not (tmp_path / "merged").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two", "three"}


def test_bytes_depend_on_keys_and_values_only(tmp_path: Path):
    values = many()
    whole = write(tmp_path / "whole", values)
    backwards = write(tmp_path / "backwards", dict(reversed(values.items())))
    halves = [write(tmp_path / f"half {i}", dict(list(values.items())[150 * i : 150 * (i + 1)])) for i in range(2)]
    mixed: list[dict[str, bytes]] = [{}, {}, {}, {}]
    for part, (key, value) in zip(cycle(mixed), values.items(), strict=False):
        part[key] = value
    mixed[2] |= mixed[0]
    parts = [write(tmp_path / f"part {i}", part) for i, part in enumerate(mixed)]
    expected = None
    for sources in ([whole], [backwards], halves, halves[::-1], parts, parts[::-1], [whole, *parts]):
        target = tmp_path / "merged"
        merge_stores(sources, target)
        found = (target / "data.mdb").read_bytes()
        expected = expected or found
        assert found == expected
        assert content(target) == values
        (target / "data.mdb").unlink()
        shutil.rmtree(target)


def test_nothing_to_merge(tmp_path: Path):
    merge_stores([write(tmp_path / "empty", {}), write(tmp_path / "empty, too", {})], tmp_path / "merged")
    assert content(tmp_path / "merged") == {}
    merge_stores([], tmp_path / "of nothing")
    assert content(tmp_path / "of nothing") == {}


def test_what_is_no_store_and_what_is_there_already(tmp_path: Path):
    one = write(tmp_path / "one", {"a": b"1"})
    with pytest.raises(StoreError, match="missing"):
        merge_stores([one, tmp_path / "missing"], tmp_path / "merged")
    assert {path.name for path in tmp_path.iterdir()} == {"one"}
    other = write(tmp_path / "other", {"b": b"1"})
    with pytest.raises(TargetExistsError):
        merge_stores([one], other)
    assert content(other) == {"b": b"1"}


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=100)


@given(st.lists(st.dictionaries(KEYS, st.just(b"x"), max_size=5), max_size=4))
def test_any_keys(tmp_path_factory: pytest.TempPathFactory, parts: list[dict[str, bytes]]):
    folder = tmp_path_factory.mktemp("merge")
    merge_stores([write(folder / str(i), part) for i, part in enumerate(parts)], folder / "merged")
    expected = {key for part in parts for key in part}
    assert list(open_store(folder / "merged")) == sorted(expected, key=str.encode)
