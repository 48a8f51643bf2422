from pathlib import Path

import pyarrow as pa
import pytest

from reben.get.options import GetOptions
from reben.get.wanted import WantedKeys
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store
from reben.io.store.sizes import VALUE_BYTES


def test_keys_are_those_of_the_store(tiny_dataset: DatasetPaths, tiny_store: Path):
    rows = read_metadata(tiny_dataset.tables)
    store = open_store(tiny_store)
    wanted = WantedKeys.of(rows, GetOptions())
    assert sorted(wanted.keys) == list(store)
    sizes = {kind: {len(store.raw(key)) for key in keys} for kind, keys in wanted.by_kind.items()}
    assert sizes == {kind: {nbytes} for kind, nbytes in VALUE_BYTES.items()}
    assert wanted.value_bytes == sum(len(store.raw(key)) for key in store)
    assert wanted.disk_bytes == pytest.approx((tiny_store / "data.mdb").stat().st_size, rel=0.02)


@pytest.mark.parametrize(
    ("options", "kinds"),
    [({}, ["s2", "s1", "maps"]), ({"bands": "s1"}, ["s1", "maps"]), ({"bands": "s2", "maps": False}, ["s2"])],
)
def test_kinds(tiny_dataset: DatasetPaths, options, kinds: list[str]):
    wanted = WantedKeys.of(read_metadata(tiny_dataset.tables), GetOptions(**options))
    assert list(wanted.counts) == kinds


def test_patches_without_a_partner(made_rows: pa.Table):
    wanted = WantedKeys.of(made_rows, GetOptions())
    assert wanted.counts["s2"] == made_rows.num_rows
    assert wanted.counts["s1"] == len(set(made_rows["s1_name"].drop_null().to_pylist())) > 0


def test_without_and_only(made_rows: pa.Table):
    wanted = WantedKeys.of(made_rows, GetOptions())
    some = wanted.by_kind["s2"][:7]
    rest = wanted.without(some)
    assert wanted.keys - rest.keys == set(some)
    assert rest.sha256 != wanted.sha256 == WantedKeys.of(made_rows, GetOptions()).sha256
    assert rest.only("s1").keys == frozenset(wanted.by_kind["s1"])
