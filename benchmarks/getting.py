"""Pairs out of a remote LMDB file, against a plain download of as many bytes over as many connections."""

import random
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from httpx2 import Client, Limits

from benchmarks.dataset import BenchData
from benchmarks.timing import medians_s
from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan
from reben.get.by_ranges import open_values, write_values
from reben.get.wanted import Wanted
from reben.io.store import open_store

GET, PLAIN = "reben get, by ranges", "a plain download of as many bytes"
PAIRS, LATENCY_MS = 1_000, 50
_PARALLEL = 16


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured."""

    seconds: dict[str, float]
    pairs: int
    value_bytes: int
    """Of the wanted values."""
    fetched_bytes: int
    """For the values; the tree comes on top."""
    requests: int
    peak_memory_bytes: int


def measure(data: BenchData, scratch: Path, *, rounds: int) -> Figures:
    """Median seconds of getting random pairs, and of downloading as many bytes in one piece per connection."""
    store, target, copy = scratch / "served", scratch / "got", scratch / "plain.bin"
    shutil.rmtree(store, ignore_errors=True)
    encode(plan(sources(s2=data.paths.s2, s1=data.paths.s1)), store)
    chosen = sorted(random.Random(0).sample(data.patches, min(PAIRS, len(data.patches))))  # noqa: S311 - reproducible
    wanted = Wanted({"s2": tuple(pair[0] for pair in chosen), "s1": tuple(sorted(pair[1] for pair in chosen))})
    opened = open_store(store)
    value_bytes = sum(len(opened.buffer(key)) for key in wanted.keys)
    plans: list[tuple[int, int]] = []

    def get(address: str) -> None:
        with open_values(address, parallel=_PARALLEL) as values:
            write_values(values, wanted, target, planned=lambda found: plans.append((found.nbytes, found.requests)))

    def prepare() -> None:
        shutil.rmtree(target, ignore_errors=True)
        copy.unlink(missing_ok=True)

    with _served(store / "data.mdb") as address:
        ways = {GET: lambda: get(address), PLAIN: lambda: _download(address, value_bytes, copy)}
        seconds = medians_s(ways, rounds=rounds, prepare=prepare)
    prepare()
    shutil.rmtree(store)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Figures(seconds, len(chosen), value_bytes, *plans[-1], peak)


@contextmanager
def _served(path: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.range_server", str(path), str(LATENCY_MS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            yield f"http://127.0.0.1:{port}/data.mdb"
        finally:
            process.kill()


def _download(address: str, nbytes: int, target: Path) -> None:
    """The first bytes of a file, a piece per connection, written where they belong."""
    piece = -(-nbytes // _PARALLEL)
    with target.open("wb") as out:
        out.truncate(nbytes)
    with Client(limits=Limits(max_connections=_PARALLEL)) as client, ThreadPoolExecutor(_PARALLEL) as pool:

        def fetch(start: int) -> None:
            headers = {"Range": f"bytes={start}-{min(start + piece, nbytes) - 1}"}
            with client.stream("GET", address, headers=headers) as response, target.open("r+b") as out:
                out.seek(start)
                for chunk in response.iter_raw():
                    out.write(chunk)

        list(pool.map(fetch, range(0, nbytes, piece)))
