"""What several integration tests share: a real Dask cluster on this machine, two products, a service that has them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stand_ins.data_space import DataSpaceStandIn, running_data_space, zipped

_WAIT_S = 90


def _until(condition: Callable[[], object]) -> None:
    """Wait for something that must happen; how long it takes does not matter."""
    end = time.monotonic() + _WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@dataclass
class Cluster:
    """A scheduler, and the workers that are started; these may be started before it answers."""

    folder: Path
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def scheduler(self) -> subprocess.Popen[bytes]:
        return self.processes[0]

    def _start(self, module: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        with self._log(len(self.processes)).open("wb") as log:
            process = subprocess.Popen(
                [
                    sys.executable, "-m", f"distributed.cli.{module}", *options, "--no-dashboard", "--host",
                    "127.0.0.1", "--scheduler-file", str(self.folder / "scheduler.json"),
                ],
                stdout=log, stderr=log, env={**os.environ, **environment}, start_new_session=True,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def _log(self, number: int) -> Path:
        return self.folder / f"{number}.log"

    def _expect(self, number: int, text: str) -> str:
        """The line of a process's log that has this text, once it is there."""
        process, log = self.processes[number], self._log(number)
        _until(lambda: text in log.read_text() or process.poll() is not None)
        assert process.poll() is None, log.read_text()
        return next(line for line in log.read_text().splitlines() if text in line)

    def start(self, workers: int, **environment: str) -> list[subprocess.Popen[bytes]]:
        """Start the scheduler and some workers."""
        self._start("dask_scheduler", "--port", "0", **environment)
        started = self._begin_workers(workers)  # they wait for the scheduler's file
        self.address = self._expect(0, "Scheduler at:").split()[-1]
        self._expect_workers(workers)
        return started

    def start_workers(self, number: int) -> list[subprocess.Popen[bytes]]:
        """Start further workers."""
        started = self._begin_workers(number)
        self._expect_workers(number)
        return started

    def _begin_workers(self, number: int) -> list[subprocess.Popen[bytes]]:
        """Each a process of its own, without a nanny that would start it again."""
        return [
            self._start(
                "dask_worker", "--nthreads", "1", "--no-nanny", "--death-timeout", "60", "--local-directory",
                str(self.folder), "--memory-limit", "0",
            )
            for _ in range(number)
        ]  # fmt: skip

    def _expect_workers(self, number: int) -> None:
        for i in range(number):
            self._expect(len(self.processes) - 1 - i, "Starting established connection")


@contextmanager
def _running_cluster(folder: Path, *, workers: int, **environment: str) -> Iterator[Cluster]:
    cluster = Cluster(folder)
    try:
        cluster.start(workers, **environment)
        yield cluster
    finally:
        for process in cluster.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        for process in cluster.processes:
            process.wait(_WAIT_S)


@pytest.fixture(scope="session")
def until() -> Callable[[Callable[[], object]], None]:
    """Waits for something that must happen."""
    return _until


@pytest.fixture(scope="session")
def running_cluster() -> Callable[..., AbstractContextManager[Cluster]]:
    """Makes a cluster, in a given folder, that a test may damage."""
    return _running_cluster


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """With two workers."""
    with _running_cluster(tmp_path_factory.mktemp("cluster"), workers=2) as found:
        yield found


@pytest.fixture(scope="module")
def products(make_product: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two small L2A products of one tile, two days apart."""
    folder = tmp_path_factory.mktemp("products")
    return [make_product(folder, f"S2A_MSIL2A_2017061{day}T101031_N9999_R022_T33UUP") for day in (3, 5)]


@pytest.fixture
def space(products: list[Path]) -> Iterator[DataSpaceStandIn]:
    """A stand-in for the Data Space that has them."""
    with running_data_space() as running:
        for product in products:
            running.add(product.name, zipped(product))
        yield running
