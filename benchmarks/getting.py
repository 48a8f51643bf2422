"""Pairs out of a remote LMDB file, against a plain download of as many bytes over as many connections."""

import json
import random
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
from reben.encode.engine import encode, plan_encoding
from reben.get.wanted import WantedKeys
from reben.io.store import open_store

GET, PLAIN = "reben get, by ranges", "a plain download of as many bytes"
PAIRS, LATENCY_MS, LINE_MB_S = 1_000, 50, 25
"""The line has 200 Mbit/s: more than the servers were seen to give (0.5 to 6 MB/s)."""
_PARALLEL = 16
_GET = """
import json, sys
from pathlib import Path
from benchmarks.timing import peak_memory_bytes
from reben.get.by_ranges import open_values, write_values
from reben.get.wanted import WantedKeys
address, target, parallel = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
wanted = WantedKeys({kind: tuple(keys) for kind, keys in json.load(sys.stdin).items()})
plans = []
with open_values(address, parallel=parallel) as values:
    write_values(values, wanted, target, planned=plans.append)
print(json.dumps([plans[0].nbytes, plans[0].requests, peak_memory_bytes()]))
"""


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


def measure(
    data: BenchData, scratch: Path, *, rounds: int, line_mb_s: float = LINE_MB_S, parallel: int = _PARALLEL
) -> Figures:
    """Median seconds of getting random pairs, and of downloading as many bytes in one piece per connection.

    Args:
        data: what the pairs are chosen of.
        scratch: where files are made.
        rounds: each figure is the median of so many.
        line_mb_s: what the line carries, in MB/s; 0 for a line without a limit.
        parallel: connections of both.
    """
    store, target, copy = scratch / "served", scratch / "got", scratch / "plain.bin"
    shutil.rmtree(store, ignore_errors=True)
    encode(plan_encoding(sources(s2=data.paths.s2, s1=data.paths.s1)), store)
    chosen = sorted(random.Random(0).sample(data.patches, min(PAIRS, len(data.patches))))  # noqa: S311 - reproducible
    wanted = WantedKeys({"s2": tuple(pair[0] for pair in chosen), "s1": tuple(sorted(pair[1] for pair in chosen))})
    opened = open_store(store)
    value_bytes = sum(len(opened.buffer(key)) for key in wanted.keys)
    keys = json.dumps({kind: list(own) for kind, own in wanted.by_kind.items()}).encode()
    said: list[list[int]] = []

    def get(address: str) -> None:
        command = [sys.executable, "-c", _GET, address, str(target), str(parallel)]
        said.append(json.loads(subprocess.run(command, input=keys, check=True, capture_output=True).stdout))

    def prepare() -> None:
        shutil.rmtree(target, ignore_errors=True)
        copy.unlink(missing_ok=True)

    with _served(store / "data.mdb", line_mb_s) as address:
        ways = {GET: lambda: get(address), PLAIN: lambda: _download(address, value_bytes, copy, parallel)}
        seconds = medians_s(ways, rounds=rounds, prepare=prepare)
    prepare()
    shutil.rmtree(store)
    fetched_bytes, requests, _ = said[-1]
    return Figures(seconds, len(chosen), value_bytes, fetched_bytes, requests, max(peak for *_, peak in said))


@contextmanager
def _served(path: Path, line_mb_s: float) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.range_server", str(path), str(LATENCY_MS), str(line_mb_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            yield f"http://127.0.0.1:{port}/data.mdb"
        finally:
            process.kill()


def _download(address: str, nbytes: int, target: Path, parallel: int) -> None:
    """The first bytes of a file, a piece per connection, written where they belong."""
    piece = -(-nbytes // parallel)
    with target.open("wb") as out:
        out.truncate(nbytes)
    with Client(limits=Limits(max_connections=parallel)) as client, ThreadPoolExecutor(parallel) as pool:

        def fetch(start: int) -> None:
            headers = {"Range": f"bytes={start}-{min(start + piece, nbytes) - 1}"}
            with client.stream("GET", address, headers=headers) as response, target.open("r+b") as out:
                out.seek(start)
                for chunk in response.iter_raw():
                    out.write(chunk)

        list(pool.map(fetch, range(0, nbytes, piece)))
