"""`reben get` that is killed, or whose servers misbehave: the same command ends in the same bytes."""

import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reben.core.errors import RebenError
from reben.get.options import GetOptions
from reben.get.stage import get
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store, writer
from reben.net.retries import RetryPolicy
from stand_ins.kills import every_kill, hidden_in, killed_after, stride
from stand_ins.published import STORE_FILES, archives_of, lmdb_of, running_published
from stand_ins.range_server import RangeServer

WAYS = ("lmdb", "archives")
AT_ONCE = RetryPolicy(attempts=40, sleep=lambda _: None)


@pytest.fixture(scope="module")
def server(
    tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RangeServer]:
    with running_published(tiny_dataset, tiny_store, tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(autouse=True)
def _small_transactions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REBEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(writer, "TRANSACTION_BYTES", 1 << 19)


def options_of(server: RangeServer, way: str, **chosen: object) -> GetOptions:
    archives = tuple(archives_of(server))
    source = archives if way == "archives" else (lmdb_of(server), archives[2])
    return GetOptions(source=source, snow_and_cloud=True, **chosen)


def contents(data: Path) -> dict[str, bytes]:
    """Store and tables; the report has times in it."""
    files = [*(data / "store" / name for name in STORE_FILES), *sorted(data.glob("*.parquet"))]
    return {path.name: path.read_bytes() for path in files}


@pytest.mark.parametrize("way", [WAYS[0], *(pytest.param(way, marks=pytest.mark.slow) for way in WAYS[1:])])
@pytest.mark.parametrize("grows", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["at once", "in two steps"])
def test_kills(server: RangeServer, tiny_dataset: DatasetPaths, tmp_path: Path, way: str, grows: bool):
    tables = list(tiny_dataset.tables)
    less, more = options_of(server, way, limit=5), options_of(server, way, limit=15)
    get(tmp_path / "whole", more, tables=tables)
    get(tmp_path / "less", less, tables=tables)
    whole = contents(tmp_path / "whole")

    def work(place: Path) -> None:
        if grows and not (place / "data").exists():
            shutil.rmtree(place / "copy", ignore_errors=True)
            shutil.copytree(tmp_path / "less", place / "copy").rename(place / "data")
        get(place / "data", more, tables=tables, policy=AT_ONCE)

    def check(place: Path) -> None:
        assert contents(place / "data") == whole
        assert hidden_in(place / "data") == []
        assert (place / "data" / "get-report.json").exists()
        shutil.rmtree(place)

    (tmp_path / "kills").mkdir()
    assert every_kill(work, tmp_path / "kills", check=check, step=stride(5)) > 2


def whole_or_none(store: Path) -> None:
    """There is nothing under the final name that is not whole."""
    if store.exists():
        opened = open_store(store)
        assert all(opened[key] for key in opened)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("faults", [15, pytest.param(100, marks=pytest.mark.slow)])
def test_faults(server: RangeServer, tiny_dataset: DatasetPaths, tmp_path: Path, way: str, faults: int):
    """Each command meets faults, some of which it survives; the same command again ends it."""
    tables, options = list(tiny_dataset.tables), options_of(server, way, limit=12)
    get(tmp_path / "whole", options, tables=tables)
    whole = contents(tmp_path / "whole")
    failed, before, seed = 0, server.injected, 0
    while server.injected < before + faults:
        data = tmp_path / f"data-{seed}"
        server.fail_randomly(0.25, seed=seed)
        try:
            for _ in range(200):
                try:
                    get(data, options, tables=tables, policy=RetryPolicy(attempts=3, sleep=lambda _: None))
                    break
                except RebenError:
                    failed += 1
                    whole_or_none(data / "store")
            else:
                pytest.fail("the faults have no end")
        finally:
            server.fail_randomly(0.0, seed=0)
        assert contents(data) == whole
        shutil.rmtree(data)
        seed += 1
    assert failed


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_kills_at_random_moments(server: RangeServer, tiny_dataset: DatasetPaths, tmp_path: Path, way: str):
    """A hundred times SIGKILL, some of them in a row: between changes to the disk or in the middle of one."""
    tables, options = list(tiny_dataset.tables), options_of(server, way, limit=15)
    begun = time.perf_counter()
    get(tmp_path / "whole", options, tables=tables)
    usual_s, draw, kills, number = time.perf_counter() - begun, random.Random(0), 0, 0  # noqa: S311 - dice
    while kills < 100:
        data = tmp_path / f"data-{number}"
        for _ in range(draw.randint(1, 4)):
            kills += killed_after(
                draw.uniform(0, 1.5 * usual_s), lambda data=data: get(data, options, tables=tables, policy=AT_ONCE)
            )
        get(data, options, tables=tables)
        assert contents(data) == contents(tmp_path / "whole")
        assert hidden_in(data) == []
        shutil.rmtree(data)
        number += 1


def test_a_server_that_expires_its_signatures(server: RangeServer, tiny_dataset: DatasetPaths, tmp_path: Path):
    options = options_of(server, "lmdb", limit=12)
    get(tmp_path / "whole", options, tables=list(tiny_dataset.tables))
    for number in range(3):
        server.expire()
        get(tmp_path / f"again-{number}", options, tables=list(tiny_dataset.tables))
        assert contents(tmp_path / f"again-{number}") == contents(tmp_path / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_another_choice_after_one_that_was_killed(
    server: RangeServer, tiny_dataset: DatasetPaths, tmp_path: Path, way: str
):
    """What the killed one has left, whole or not, is not taken for what is wanted now."""
    tables = list(tiny_dataset.tables)
    get(tmp_path / "less", options_of(server, way, limit=5), tables=tables)
    most = options_of(server, way, limit=18)
    get(tmp_path / "whole", most, tables=tables)

    def work(place: Path) -> None:
        if not (place / "data").exists():
            shutil.rmtree(place / "copy", ignore_errors=True)
            shutil.copytree(tmp_path / "less", place / "copy").rename(place / "data")
            get(place / "data", options_of(server, way, limit=12), tables=tables, policy=AT_ONCE)
        else:
            get(place / "data", most, tables=tables, policy=AT_ONCE)

    def check(place: Path) -> None:
        get(place / "data", most, tables=tables)
        assert contents(place / "data") == contents(tmp_path / "whole")
        shutil.rmtree(place)

    (tmp_path / "kills").mkdir()
    assert every_kill(work, tmp_path / "kills", check=check, step=stride(7)) > 2
