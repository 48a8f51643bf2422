"""`reben build` on a real Dask cluster of processes on this machine."""

import filecmp
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan
from reben.io.dataset_paths import DatasetPaths
from reben.io.store import open_store

TILES = [f"S2A_MSIL2A_2017061{day}T101031_N9999_R022_T33UUP" for day in (3, 5, 7)]
_WAIT_S = 90


def until(condition: Callable[[], object]) -> None:
    """Wait for something that must happen; how long it takes does not matter."""
    end = time.monotonic() + _WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@dataclass
class Cluster:
    """A scheduler, and the workers that are started."""

    folder: Path
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, module: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *options, "--no-dashboard"],
                stdout=log, stderr=log, env={**os.environ, **environment}, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def start_scheduler(self, **environment: str) -> None:
        file = self.folder / "scheduler.json"
        scheduler = self.start(
            "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file), **environment
        )
        until(lambda: file.exists() or scheduler.poll() is not None)
        log = (self.folder / "0.log").read_text()
        assert scheduler.poll() is None, log
        until(lambda: "Scheduler at:" in (self.folder / "0.log").read_text())
        lines = (self.folder / "0.log").read_text().splitlines()
        (self.address,) = (line.split()[-1] for line in lines if "Scheduler at:" in line)

    def start_workers(self, number: int) -> list[subprocess.Popen[bytes]]:
        """Each a process of its own, without a nanny that would start it again."""
        workers = [
            self.start(
                "dask_worker", self.address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--death-timeout",
                "60", "--local-directory", str(self.folder), "--memory-limit", "0",
            )
            for _ in range(number)
        ]  # fmt: skip
        logs = [self.folder / f"{len(self.processes) - 1 - i}.log" for i in range(number)]
        until(lambda: all("Starting established connection" in log.read_text() for log in logs))
        return workers


@contextmanager
def running_cluster(folder: Path, **environment: str) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    try:
        cluster.start_scheduler(**environment)
        yield cluster
    finally:
        for process in cluster.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        for process in cluster.processes:
            process.wait(_WAIT_S)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """With two workers."""
    with running_cluster(tmp_path_factory.mktemp("cluster")) as found:
        found.start_workers(2)
        yield found


@pytest.fixture(scope="module")
def products(make_product: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three products."""
    folder = tmp_path_factory.mktemp("l2a")
    for tile in TILES:
        make_product(folder, tile)
    return folder


def start(l2a: Path, clc: Path, output: Path, *options: str) -> subprocess.Popen[str]:
    command = ["build", "--l2a", str(l2a), "--clc", str(clc), "--output", str(output), *options]
    return subprocess.Popen(
        [sys.executable, "-m", "reben", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(process: subprocess.Popen[str], code: int = 0) -> str:
    """What it says on standard error."""
    try:
        out, err = process.communicate(timeout=_WAIT_S)
    finally:
        process.kill()
    assert process.returncode == code, out + err
    assert "Traceback" not in err, err
    return err


@pytest.fixture(scope="module")
def built(products: Path, small_land_cover: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built on this machine without a cluster."""
    output = tmp_path_factory.mktemp("built") / "dataset"
    finish(start(products, small_land_cover, output))
    return output


def expect_equal(one: Path, other: Path) -> None:
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    for file in files:
        if file.stem != "build-report":  # it holds the time
            assert filecmp.cmp(one / file, other / file, shallow=False), file


def test_a_cluster_gives_the_same_bytes(
    *,
    cluster: Cluster,
    products: Path,
    small_land_cover: Path,
    built: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    """Its workers have another current folder: paths may be relative all the same."""
    (tmp_path / "l2a").symlink_to(products)
    (tmp_path / "clc.gpkg").symlink_to(small_land_cover)
    monkeypatch.chdir(tmp_path)
    assert finish(start(Path("l2a"), Path("clc.gpkg"), Path("dataset"), "--scheduler", cluster.address)) == ""
    expect_equal(tmp_path / "dataset", built)
    assert {path.name for path in tmp_path.iterdir()} == {"l2a", "clc.gpkg", "dataset"}


def test_a_cluster_builds_a_store(
    cluster: Cluster, products: Path, small_land_cover: Path, built: Path, tmp_path: Path
):
    output, files = DatasetPaths(tmp_path / "dataset"), DatasetPaths(built)
    finish(start(products, small_land_cover, output.root, "--format", "store", "--scheduler", cluster.address))
    encode(plan(sources(s2=files.s2, reference_maps=files.reference_maps)), tmp_path / "store")
    expected, found = open_store(tmp_path / "store"), open_store(output.store)
    assert {key: found.raw(key) for key in found} == {key: expected.raw(key) for key in expected}
    assert output.metadata.read_bytes() == files.metadata.read_bytes()


def test_an_error_in_a_tile_is_the_usual_message(
    cluster: Cluster, products: Path, small_land_cover: Path, tmp_path: Path
):
    l2a = tmp_path / "l2a"
    shutil.copytree(products, l2a)
    raster = next(l2a.glob(f"{TILES[1]}*/GRANULE/*/IMG_DATA/R10m/*_B08_10m.jp2"))
    raster.write_bytes(raster.read_bytes()[:3000])
    options = ("--scheduler", cluster.address)
    err = finish(start(l2a, small_land_cover, tmp_path / "dataset", *options), code=1)
    assert "B08_10m.jp2: cannot be read" in err
    assert "hint: download or correct the product again" in err
    assert not (tmp_path / "dataset").exists()

    state = tmp_path / ".dataset.partial" / ".build"
    until(lambda: not list(state.glob(".*.lock")))  # tiles that workers had begun
    err = finish(start(l2a, small_land_cover, tmp_path / "dataset", *options, "--on-error", "skip"), code=1)
    assert f"failed: {TILES[1]}" in err
    assert len(list((tmp_path / "dataset" / "BigEarthNet-S2").iterdir())) == 2


def kill_at_work(process: subprocess.Popen[str], worker: subprocess.Popen[bytes], state: Path) -> None:
    until(lambda: process.poll() is not None or list(state.glob(".S2A*.lock")))
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(_WAIT_S)
    assert process.poll() is None


def test_the_tiles_of_a_killed_worker_go_to_another(
    products: Path, small_land_cover: Path, built: Path, tmp_path: Path
):
    with running_cluster(tmp_path) as cluster:
        (worker,) = cluster.start_workers(1)
        process = start(products, small_land_cover, tmp_path / "out" / "dataset", "--scheduler", cluster.address)
        try:
            kill_at_work(process, worker, tmp_path / "out" / ".dataset.partial" / ".build")
            cluster.start_workers(1)
        finally:
            err = finish(process)
        assert err == ""
    expect_equal(tmp_path / "out" / "dataset", built)


def test_a_worker_that_dies_too_often_is_an_error(products: Path, small_land_cover: Path, tmp_path: Path):
    output = tmp_path / "out" / "dataset"
    with running_cluster(tmp_path, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as cluster:
        (worker,) = cluster.start_workers(1)
        process = start(products, small_land_cover, output, "--scheduler", cluster.address)
        try:
            kill_at_work(process, worker, tmp_path / "out" / ".dataset.partial" / ".build")
        finally:
            err = finish(process, code=1)
        assert "a worker died while it built S2A_MSIL2A_2017061" in err
        assert "the same command goes on" in err
        err = finish(start(products, small_land_cover, output, "--scheduler", cluster.address), code=1)
        assert f"the scheduler at {cluster.address} has no worker" in err
        assert f"hint: start some with `dask worker {cluster.address} --nthreads 1`" in err


def test_a_scheduler_that_is_killed_is_an_error(products: Path, small_land_cover: Path, tmp_path: Path):
    with running_cluster(tmp_path) as cluster:
        cluster.start_workers(1)
        process = start(products, small_land_cover, tmp_path / "out" / "dataset", "--scheduler", cluster.address)
        try:
            kill_at_work(process, cluster.processes[0], tmp_path / "out" / ".dataset.partial" / ".build")
        finally:
            err = finish(process, code=1)
        assert "the scheduler is gone" in err
        assert "the same command goes on" in err


def test_a_killed_build_can_be_resumed_elsewhere(
    cluster: Cluster, products: Path, small_land_cover: Path, built: Path, tmp_path: Path
):
    """Workers may still be at the tiles that they had begun; these are locked until then."""
    state = tmp_path / ".dataset.partial" / ".build"
    process = start(products, small_land_cover, tmp_path / "dataset", "--scheduler", cluster.address)
    until(lambda: process.poll() is not None or list(state.glob(".S2A*.lock")))
    process.kill()
    process.communicate()
    until(lambda: not list(state.glob(".S2A*.lock")))
    finish(start(products, small_land_cover, tmp_path / "dataset"))
    expect_equal(tmp_path / "dataset", built)
