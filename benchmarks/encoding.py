"""The encoder against a plain loop and against copying the same files."""

import shutil
import subprocess
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import lmdb
import rasterio
from safetensors.numpy import save

from benchmarks.dataset import BenchData
from benchmarks.timing import medians_s
from reben.core.bands import S1_BANDS, S2_BANDS
from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan_encoding

PROCESSES = 2
_MAP_BYTES = 1 << 36

ENCODER, PLAIN_LOOP, COPY, COPY_SYNC = "reben encode", "plain loop", "cp -r", "cp -r and sync"


def measure(data: BenchData, scratch: Path, *, rounds: int) -> dict[str, float]:
    """Median seconds of each way to bring all patches into a new place."""
    target = scratch / "target"
    ways = {
        ENCODER: lambda: encode_with_reben(data, target),
        PLAIN_LOOP: lambda: encode_with_plain_loop(data, target),
        COPY: lambda: copy(data, target),
        COPY_SYNC: lambda: copy(data, target, sync=True),
    }
    times = medians_s(ways, rounds=rounds, prepare=lambda: shutil.rmtree(target, ignore_errors=True))
    shutil.rmtree(target)
    return times


def encode_with_reben(data: BenchData, target: Path) -> None:
    """What `reben encode bigearthnet` does."""
    paths = data.paths
    encode(plan_encoding(sources(s2=paths.s2, s1=paths.s1, reference_maps=paths.reference_maps)), target)


def encode_with_plain_loop(data: BenchData, target: Path) -> None:
    """What one writes first: rasterio for each band, safetensors' own `save`, LMDB's `put`, two processes."""
    environment = lmdb.open(str(target), map_size=_MAP_BYTES)
    with environment.begin(write=True) as transaction, get_context("forkserver").Pool(PROCESSES) as pool:
        for key, value in pool.imap(_read_value, _jobs(data), chunksize=16):
            transaction.put(key.encode(), value)
    environment.close()


def copy(data: BenchData, target: Path, *, sync: bool = False) -> None:
    """`cp -r` of all files, and `sync`, if asked for."""
    subprocess.run(["/bin/cp", "-r", data.paths.root, target], check=True)
    if sync:
        subprocess.run(["/bin/sync"], check=True)


def _jobs(data: BenchData) -> Iterator[tuple[str, dict[str, str]]]:
    """Key of each value, and the file of each of its tensors."""
    paths = data.paths
    (scene,) = paths.s1.iterdir()
    for s2, s1 in data.patches:
        group = s2[: -len("_00_00")]
        yield s2, {band: f"{paths.s2}/{group}/{s2}/{s2}_{band}.tif" for band in S2_BANDS}
        yield s1, {band: f"{scene}/{s1}/{s1}_{band}.tif" for band in S1_BANDS}
        name = f"{s2}_reference_map"
        yield name, {"Data": f"{paths.reference_maps}/{group}/{s2}/{name}.tif"}


def _read_value(job: tuple[str, dict[str, str]]) -> tuple[str, bytes]:
    key, files = job
    tensors = {}
    for name, path in files.items():
        with rasterio.open(path) as source:
            tensors[name] = source.read(1)
    return key, save(tensors)
