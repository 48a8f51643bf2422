"""Loaders in samples per second: ours, peers, and what memory allows.

12 bands (s1 and s2), batches of 64, the store in the page cache, at most two cores.
"""

import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import rasterio
import torch
from rasterio.enums import Resampling
from torch.utils.data import DataLoader, Dataset

from benchmarks.dataset import BenchData
from benchmarks.timing import medians_s
from reben.core.bands import BAND_SETS, BANDS
from reben.core.classes import CLC2018
from reben.data.dataset import PatchDataset
from reben.data.loader import BatchLoader
from reben.data.patches import Patches
from reben.data.sampling import ShuffledIndices
from reben.io.dataset.metadata import SCHEMA, write_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import maps, open_store

BATCH = 64
WORKERS = 2
_COLD_SAMPLES = 384
_BLOCK = 32
_GEOTIFF_SAMPLES = 512  # enough for a rate, and few enough for a patient reader

IMAGES, IMAGES_ALONE = "images, 2 threads", "images, this thread"
NATIVE, NATIVE_ALONE = "native batches, 2 threads", "native batches, this thread"
CONFIGILM = f"configilm 0.7.1, {WORKERS} workers"
GEOTIFFS = f"GeoTIFFs as torchgeo reads them, {WORKERS} workers"
COPY_IMAGES, COPY_NATIVE = "limit: copying ready images", "limit: copying ready native batches"

_CONFIGILM = ("configilm[full]==0.7.1", "torch==2.14.1", "torchvision==0.29.1", "pandas<2.2")


def measure(data: BenchData, store: Path, cache: Path, *, rounds: int) -> dict[str, float]:
    """Median samples per second of each way."""
    ids, s1_names = zip(*data.patches, strict=True)
    labels = np.zeros((len(ids), len(CLC2018.class_names)), np.uint8)
    dataset = PatchDataset(open_store(store), Patches(pa.array(ids), pa.array(s1_names), labels, CLC2018), "all")
    geotiffs = _geotiff_loader(data)
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        IMAGES: (len(dataset), _drain(_loader(dataset, WORKERS))),
        IMAGES_ALONE: (len(dataset), _drain(_loader(dataset, 0))),
        NATIVE: (len(dataset), _drain(_loader(dataset, WORKERS, native=True))),
        NATIVE_ALONE: (len(dataset), _drain(_loader(dataset, 0, native=True))),
        COPY_IMAGES: (len(dataset), _copy([next(iter(_loader(dataset, 0)))["image"]], len(dataset))),
        COPY_NATIVE: (len(dataset), _copy(_raw(next(iter(_loader(dataset, 0, native=True)))), len(dataset))),
        GEOTIFFS: (_GEOTIFF_SAMPLES, _drain(geotiffs)),
    }
    for _, run in ways.values():
        run()  # page cache, compilation, worker processes
    seconds = medians_s({name: run for name, (_, run) in ways.items()}, rounds=rounds)
    rates = {name: count / seconds[name] for name, (count, _) in ways.items()}
    return rates | _configilm_rate(data, store, cache, rounds=rounds)


def measure_cold(data: BenchData, store: Path, *, rounds: int) -> dict[str, float]:
    """Median samples per second of native batches of a store that is not in the page cache."""
    ids, s1_names = zip(*data.patches, strict=True)
    labels = np.zeros((len(ids), len(CLC2018.class_names)), np.uint8)
    patches = Patches(pa.array(ids), pa.array(s1_names), labels, CLC2018)
    rates: dict[str, list[float]] = {}
    for _ in range(rounds):
        for read_ahead, block in product((True, False), (1, _BLOCK)):
            name = f"read-ahead {'on' if read_ahead else 'off'}, " + (
                f"blocks of {block}" if block > 1 else "all shuffled"
            )
            rates.setdefault(name, []).append(_cold_rate(store, patches, read_ahead=read_ahead, block=block))
    return {name: median(values) for name, values in rates.items()}


def _cold_rate(store: Path, patches: Patches, *, read_ahead: bool, block: int) -> float:
    """Samples per second of the first batches."""
    gc.collect()  # an open map would keep its pages
    os.sync()
    with (store / "data.mdb").open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    maps.FITS_INTO_MEMORY = 0.0 if read_ahead else 1e9
    dataset = PatchDataset(open_store(store), patches, "all")
    indices = ShuffledIndices(len(dataset), seed=0, block=block)
    start, samples = time.perf_counter(), 0
    for batch in BatchLoader(dataset, batch_size=BATCH, sampler=indices, threads=WORKERS, native=True):
        samples += len(batch["patch_id"])
        if samples >= _COLD_SAMPLES:
            break
    return samples / (time.perf_counter() - start)


def _loader(dataset: PatchDataset, threads: int, *, native: bool = False) -> BatchLoader:
    sampler = ShuffledIndices(len(dataset), seed=0)
    return BatchLoader(dataset, batch_size=BATCH, sampler=sampler, threads=threads, native=native)


def _drain(loader: Any) -> Callable[[], None]:  # noqa: ANN401 - ours or torch's
    def run() -> None:
        for _ in loader:
            pass

    return run


def _raw(batch: dict[str, Any]) -> list[torch.Tensor]:
    return [batch["s1"], batch["s2"]]


def _copy(ready: Sequence[torch.Tensor], samples: int) -> Callable[[], None]:
    """Copy batches as often as an epoch has them."""
    sources = [tensor.numpy().copy() for tensor in ready]
    targets = [np.ones_like(source) for source in sources]

    def run() -> None:
        for _ in range(-(-samples // BATCH)):
            for source, target in zip(sources, targets, strict=True):
                np.copyto(target, source)

    return run


class _Geotiffs(Dataset[torch.Tensor]):
    """Reads as torchgeo's BigEarthNetV2 does: rasterio per band, resampled to 120 x 120 by GDAL, stacked."""

    def __init__(self, files: list[list[str]]) -> None:
        self._files = files

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> torch.Tensor:
        bands = []
        for path in self._files[index]:
            with rasterio.open(path) as source:
                kind = "float32" if path.endswith(("VV.tif", "VH.tif")) else "int32"
                bands.append(source.read(1, out_shape=(120, 120), out_dtype=kind, resampling=Resampling.bilinear))
        return torch.from_numpy(np.stack(bands).astype(np.float32))


def _geotiff_loader(data: BenchData) -> DataLoader[torch.Tensor]:
    paths = data.paths
    (scene,) = paths.s1.iterdir()
    files = []
    for s2, s1 in data.patches[:_GEOTIFF_SAMPLES]:
        folders = {"s2": (paths.s2 / s2[: -len("_00_00")] / s2, s2), "s1": (scene / s1, s1)}
        files.append(
            [
                f"{folder}/{name}_{band}.tif"
                for band in BAND_SETS["all"]
                for folder, name in (folders[BANDS[band].sensor],)
            ]
        )
    return DataLoader(_Geotiffs(files), batch_size=BATCH, shuffle=True, num_workers=WORKERS, persistent_workers=True)


def _configilm_rate(data: BenchData, store: Path, cache: Path, *, rounds: int) -> dict[str, float]:
    """Of configilm's data module, in an environment of its own; nothing if it cannot be installed."""
    python = cache / "configilm" / "bin" / "python"
    try:
        if not python.exists():
            print("installing configilm into an environment of its own (minutes, once)")
            subprocess.run([sys.executable, "-m", "venv", cache / "configilm"], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", *_CONFIGILM], check=True)
    except subprocess.CalledProcessError:
        print("configilm: left out, it cannot be installed here")
        return {}
    tables = _write_tables(data, store.parent)
    script = Path(__file__).with_name("configilm_loader.py")
    arguments = [store, tables.metadata, tables.snow_and_cloud_metadata, BATCH, WORKERS, rounds]
    result = subprocess.run([python, script, *map(str, arguments)], check=True, capture_output=True, text=True)
    rates = [float(line.split()[1]) for line in result.stdout.splitlines() if line.startswith("rate")]
    return {CONFIGILM: median(rates)}


def _write_tables(data: BenchData, folder: Path) -> DatasetPaths:
    """Metadata that puts all patches into the training set."""
    rows = [
        {
            "patch_id": s2,
            "labels": [CLC2018.class_names[0]],
            "split": "train",
            "country": "Nowhere",
            "s1_name": s1,
            "s2v1_name": s2,
            "contains_seasonal_snow": False,
            "contains_cloud_or_shadow": False,
        }
        for s2, s1 in data.patches
    ]
    paths = DatasetPaths(folder)
    write_metadata(paths.metadata, pa.Table.from_pylist(rows, SCHEMA))
    write_metadata(paths.snow_and_cloud_metadata, SCHEMA.empty_table())
    return paths
