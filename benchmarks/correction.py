"""`reben correct --engine 6s` on a full-size L1C tile, against decoding the same tile's bands alone.

The tile is the one that `reben build` is measured with, whose texture are real patches, seen through an atmosphere.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import rasterio

from benchmarks.construction import REAL_DATA, full_tile
from benchmarks.timing import medians_s
from reben.core.bands import BANDS
from reben.correct.report import read_sixs_record
from reben.demo.l1c import write_l1c_product
from reben.io.safe.l1c import open_l1c
from reben.io.safe.l2a import open_product
from reben.io.tile_bands import read_tile_band
from reben.work.processes import available_cpus

CORRECT, DECODE = "reben correct --engine 6s", "decoding the 13 bands"


@dataclass(frozen=True, slots=True)
class CorrectionFigures:
    """What was measured on one tile."""

    seconds: dict[str, float]
    """Median wall time of each way."""
    stages: dict[str, float]
    """Seconds per stage of the last correction."""
    peak_memory_bytes: int
    """Of the worker."""


def measure(cache: Path, scratch: Path, *, rounds: int) -> CorrectionFigures | None:
    """Time correcting and decoding in turn; None if there are no real patches to fill a tile with.

    Args:
        cache: where the tile is kept between runs.
        scratch: where products are made.
        rounds: each figure is the median of so many.
    """
    if not (REAL_DATA / "tools").is_dir():
        return None
    product = _full_l1c(cache)
    target = scratch / "L2A"
    ways = {DECODE: lambda: _decode(product), CORRECT: lambda: _correct(product, target)}
    seconds = medians_s(ways, rounds=rounds, prepare=lambda: shutil.rmtree(target, ignore_errors=True))
    (made,) = target.glob("*.SAFE")
    record = read_sixs_record(made, hint="run it again")
    if record is None or record.peak_memory_bytes is None:
        raise RuntimeError(f"{made}: does not say how it was made")
    shutil.rmtree(target)
    return CorrectionFigures(seconds, record.seconds, record.peak_memory_bytes)


def _full_l1c(cache: Path) -> Path:
    """The full-size tile as L1C."""
    folder = cache / "L1C"
    found = list(folder.glob("*.SAFE"))
    if found:
        return found[0]
    l2a = open_product(full_tile(cache))
    tiles = {name: read_tile_band(l2a.images[name], BANDS[name].resolution_m) for name in l2a.images}
    name = replace(l2a.name, tile=replace(l2a.name.tile, level="L1C", baseline="0000"))
    return write_l1c_product(
        folder,
        name,
        tiles["B02"][0],
        {band: pixels for band, (_, pixels) in tiles.items()},
        threads=available_cpus(),
    )


def _correct(product: Path, target: Path) -> None:
    command = [sys.executable, "-m", "reben", "correct", product, "--output", target, "--engine", "6s"]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _decode(product: Path) -> None:
    for image in open_l1c(product).images.values():
        with rasterio.open(image, NUM_THREADS=available_cpus()) as source:
            source.read(1)
