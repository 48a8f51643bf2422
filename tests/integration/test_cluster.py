"""`reben build` on a real Dask cluster of processes on this machine."""

import filecmp
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan_encoding
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import open_store

if TYPE_CHECKING:
    from tests.integration.conftest import Cluster

RunCluster = Callable[..., AbstractContextManager["Cluster"]]
Until = Callable[[Callable[[], object]], None]

TILES = [f"S2A_MSIL2A_2017061{day}T101031_N9999_R022_T33UUP" for day in (3, 5, 7)]
_WAIT_S = 90


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
    cluster: "Cluster",
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
    err = finish(start(Path("l2a"), Path("clc.gpkg"), Path("dataset"), "--scheduler", cluster.address))
    assert err.startswith("note: ")  # the products have no checksums
    assert err.count("\n") == 1
    expect_equal(tmp_path / "dataset", built)
    assert {path.name for path in tmp_path.iterdir()} == {"l2a", "clc.gpkg", "dataset"}


@pytest.mark.slow
def test_a_cluster_builds_a_store(
    cluster: "Cluster", products: Path, small_land_cover: Path, built: Path, tmp_path: Path
):
    output, files = DatasetPaths(tmp_path / "dataset"), DatasetPaths(built)
    finish(start(products, small_land_cover, output.root, "--format", "store", "--scheduler", cluster.address))
    encode(plan_encoding(sources(s2=files.s2, reference_maps=files.reference_maps)), tmp_path / "store")
    expected, found = open_store(tmp_path / "store"), open_store(output.store)
    assert {key: found.raw(key) for key in found} == {key: expected.raw(key) for key in expected}
    assert output.metadata.read_bytes() == files.metadata.read_bytes()


@pytest.mark.slow
def test_an_error_in_a_tile_is_the_usual_message(
    cluster: "Cluster", products: Path, small_land_cover: Path, tmp_path: Path, until: Until
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


KillAtWork = Callable[[subprocess.Popen[str], subprocess.Popen[bytes], Path], None]


@pytest.fixture
def kill_at_work(until: Until) -> KillAtWork:
    """Kills a worker, or the scheduler, of a build as soon as there is a tile under way."""

    def kill(process: subprocess.Popen[str], worker: subprocess.Popen[bytes], state: Path) -> None:
        until(lambda: process.poll() is not None or list(state.glob(".S2A*.lock")))
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait(_WAIT_S)
        assert process.poll() is None

    return kill


@pytest.mark.slow
def test_the_tiles_of_a_killed_worker_go_to_another(
    *,
    running_cluster: RunCluster,
    kill_at_work: KillAtWork,
    products: Path,
    small_land_cover: Path,
    built: Path,
    tmp_path: Path,
):
    with running_cluster(tmp_path, workers=1) as cluster:
        worker = cluster.processes[1]
        process = start(products, small_land_cover, tmp_path / "out" / "dataset", "--scheduler", cluster.address)
        try:
            kill_at_work(process, worker, tmp_path / "out" / ".dataset.partial" / ".build")
            cluster.start_workers(1)
        finally:
            err = finish(process)
        assert err.startswith("note: ")  # the products have no checksums
    expect_equal(tmp_path / "out" / "dataset", built)


@pytest.mark.slow
def test_a_worker_that_dies_too_often_is_an_error(
    running_cluster: RunCluster, kill_at_work: KillAtWork, products: Path, small_land_cover: Path, tmp_path: Path
):
    output = tmp_path / "out" / "dataset"
    with running_cluster(tmp_path, workers=1, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as cluster:
        worker = cluster.processes[1]
        process = start(products, small_land_cover, output, "--scheduler", cluster.address)
        try:
            kill_at_work(process, worker, tmp_path / "out" / ".dataset.partial" / ".build")
        finally:
            err = finish(process, code=1)
        assert "a worker died while it built S2A_MSIL2A_2017061" in err
        assert "the same command resumes the work" in err
        err = finish(start(products, small_land_cover, output, "--scheduler", cluster.address), code=1)
        assert f"the scheduler at {cluster.address} has no worker" in err
        assert f"hint: start some with `dask worker {cluster.address} --nthreads 1`" in err


@pytest.mark.slow
def test_a_scheduler_that_is_killed_is_an_error(
    running_cluster: RunCluster, kill_at_work: KillAtWork, products: Path, small_land_cover: Path, tmp_path: Path
):
    with running_cluster(tmp_path, workers=1) as cluster:
        process = start(products, small_land_cover, tmp_path / "out" / "dataset", "--scheduler", cluster.address)
        try:
            kill_at_work(process, cluster.scheduler, tmp_path / "out" / ".dataset.partial" / ".build")
        finally:
            err = finish(process, code=1)
        assert "the scheduler is gone" in err
        assert "the same command resumes the work" in err


@pytest.mark.slow
def test_a_killed_build_can_be_resumed_elsewhere(
    *, cluster: "Cluster", products: Path, small_land_cover: Path, built: Path, tmp_path: Path, until: Until
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
