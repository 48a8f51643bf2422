from collections.abc import Iterator
from pathlib import Path

import pytest

from reben.core.errors import StoreError
from reben.get.by_ranges import FetchPlan, open_values, write_values
from reben.get.wanted import WantedKeys
from reben.io.store import open_store
from stand_ins.generated_stores import patch_id, s1_name, write_generated_store
from stand_ins.range_server import RangeServer, running_range_server

PATCHES = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RangeServer]:
    folder = tmp_path_factory.mktemp("served")
    write_generated_store(folder / "store", PATCHES)
    with running_range_server(folder) as running:
        yield running


@pytest.fixture(params=["address", "path"])
def source(request: pytest.FixtureRequest, server: RangeServer) -> str | Path:
    return server.url("store/data.mdb") if request.param == "address" else server.folder / "store"


def some(numbers: range) -> WantedKeys:
    maps = tuple(f"{patch_id(number)}_reference_map" for number in numbers)
    return WantedKeys({"s2": tuple(map(patch_id, numbers)), "s1": tuple(sorted(map(s1_name, numbers))), "maps": maps})


def test_values_are_written(server: RangeServer, source: str | Path, tmp_path: Path):
    wanted, told, plans = some(range(5, 25)), [], list[FetchPlan]()
    with open_values(source, parallel=4) as values:
        count = write_values(values, wanted, tmp_path / "store", progress=told.append, planned=plans.append)
    store, original = open_store(tmp_path / "store"), open_store(server.folder / "store")
    assert set(store) == wanted.keys
    assert count == len(store) == sum(told) == 60
    assert all(store.raw(key) == original.raw(key) for key in store)
    assert (plans[0].requests > 0) == isinstance(source, str)


def test_reference_maps_from_elsewhere(server: RangeServer, source: str | Path, tmp_path: Path):
    wanted = some(range(10))
    with open_values(server.folder / "store", parallel=1) as values:
        write_values(values, wanted.only("maps"), tmp_path / "maps")
    with open_values(source, parallel=4) as values:
        write_values(values, wanted, tmp_path / "store", maps=open_store(tmp_path / "maps"))
        write_values(values, wanted, tmp_path / "other")
    assert (tmp_path / "store" / "data.mdb").read_bytes() == (tmp_path / "other" / "data.mdb").read_bytes()


def test_what_is_missing_is_named(source: str | Path, tmp_path: Path):
    with (
        open_values(source, parallel=4) as values,
        pytest.raises(StoreError, match="lacks 15 of the wanted values, such as 'S1A"),
    ):
        write_values(values, some(range(PATCHES - 5, PATCHES + 5)), tmp_path / "store")
    assert not (tmp_path / "store").exists()
