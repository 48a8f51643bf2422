"""A Sentinel-1 GRD product onto a full-size tile, and the same geometry by sarsen on a small part of it."""

import re
import shutil
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window

from benchmarks.construction import REAL_DATA
from benchmarks.timing import medians_s
from reben.core.mgrs import tile_extent

_TILE = "33TUG"
"""The tile that the real annotation shows whole: the land east of Rome."""
_LINES, _PIXELS = 16_705, 26_102
_ROWS_AT_A_TIME = 1_000
_SARSEN_PX = 1_000
_DEM_DEG = 1 / 3_600
_DEM_BOX = (11.8, 41.0, 15.0, 43.2)

GEOCODE, MASK, SARSEN = "reben s1", "reben s1 --mask-layover --incidence", "sarsen, one polarisation"


@dataclass(frozen=True, slots=True)
class GeocodingFigures:
    """What was measured."""

    seconds: dict[str, float]
    """Per way; that of sarsen for its small part."""
    megapixels: dict[str, float]
    """Values that each way makes: of both polarisations, or of one."""
    peak_memory_bytes: int
    """Of `reben s1`."""


def measure(cache: Path, scratch: Path, *, rounds: int) -> GeocodingFigures | None:
    """Median seconds of each way; None without the real annotation.

    Args:
        cache: where product and elevation model are kept between runs.
        scratch: where scenes are written.
        rounds: each figure is the median of so many.
    """
    if not (REAL_DATA / "data" / "s1_grd").is_dir():
        return None
    product, dem, small = _product(cache), _dem(cache), scratch / "small.tif"
    target = scratch / "scenes"
    scratch.mkdir(parents=True, exist_ok=True)
    _small_dem(small)
    peaks: list[int] = []
    ways = {
        GEOCODE: lambda: peaks.append(_geocode(product, dem, target)),
        MASK: lambda: _geocode(product, dem, target, "--mask-layover", "--incidence"),
        SARSEN: lambda: _sarsen(product, small, scratch / "sarsen.tif"),
    }
    seconds = medians_s(ways, rounds=rounds, prepare=lambda: shutil.rmtree(target, ignore_errors=True))
    tile = (tile_extent(_TILE).side_m / 10) ** 2 / 1e6
    return GeocodingFigures(seconds, {GEOCODE: 2 * tile, MASK: 2 * tile, SARSEN: _SARSEN_PX**2 / 1e6}, max(peaks))


def _geocode(product: Path, dem: Path, target: Path, *options: str) -> int:
    """Run the command in a process of its own; its peak memory in bytes."""
    command = [
        sys.executable, "-m", "reben", "s1", product, "--dem", dem, "--tile", _TILE, "--output", target, *options,
    ]  # fmt: skip
    timed = ["/usr/bin/env", "python3", "-c", _WATCH, *map(str, command)]
    done = subprocess.run(timed, check=True, capture_output=True, text=True)
    found = re.search(r"peak (\d+)", done.stdout)
    if found is None:
        raise RuntimeError(done.stdout + done.stderr)
    return int(found[1]) * 1024


_WATCH = (
    "import resource, subprocess, sys; code = subprocess.run(sys.argv[1:]).returncode; "
    "print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); sys.exit(code)"
)


def _sarsen(product: Path, dem: Path, target: Path) -> None:
    import sarsen  # noqa: PLC0415 - it takes seconds to import

    with warnings.catch_warnings(action="ignore"):
        sarsen.terrain_correction(
            sarsen.Sentinel1SarProduct(str(product), "IW/VV"), dem_urlpath=str(dem), output_urlpath=str(target),
            interp_method="linear",
        )  # fmt: skip


def _product(cache: Path) -> Path:
    """A real product's metadata with an image of waves and speckle; VH's are those of VV."""
    (real,) = (REAL_DATA / "data" / "s1_grd").glob("*.SAFE")
    path = cache / "grd" / real.name
    if path.exists():
        return path
    partial = cache / "grd.partial" / real.name
    shutil.rmtree(partial, ignore_errors=True)
    for file in [*real.rglob("*.xml"), real / "manifest.safe"]:
        copy = partial / file.relative_to(real)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(file.read_text())
        other = copy.name.replace("-vv-", "-vh-").replace("-001.xml", "-002.xml")
        copy.with_name(other).write_text(file.read_text().replace("<polarisation>VV", "<polarisation>VH"))
    (partial / "measurement").mkdir()
    (image,) = real.glob("measurement/*.tiff")
    for name, level in ((image.name, 160.0), (image.name.replace("-vv-", "-vh-").replace("001.", "002."), 70.0)):
        _draw(partial / "measurement" / name, level)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial.rename(path)
    return path


def _draw(path: Path, level: float) -> None:
    draw = np.random.default_rng(0)
    with (
        warnings.catch_warnings(action="ignore"),
        rasterio.open(
            path, "w", driver="GTiff", width=_PIXELS, height=_LINES, count=1, dtype="uint16", blockysize=1
        ) as target,
    ):
        pixels = np.arange(_PIXELS)[None, :]
        for first in range(0, _LINES, _ROWS_AT_A_TIME):
            lines = np.arange(first, min(first + _ROWS_AT_A_TIME, _LINES))[:, None]
            waves = level * (1 + 0.4 * np.sin(lines / 57) * np.cos(pixels / 43))
            speckle = np.sqrt(draw.gamma(4.4, 1 / 4.4, waves.shape))
            target.write((waves * speckle).astype(np.uint16), 1, window=Window(0, first, _PIXELS, len(lines)))


def _heights(x: np.ndarray, y: np.ndarray, *, metres: float) -> np.ndarray:
    """Made-up mountains of about 2,000 m, of axes in which a kilometre is `metres` long."""
    a, b = x / metres, y / metres
    return np.asarray(600 + 500 * np.sin(a * 0.73) * np.cos(b * 0.63) + 300 * np.sin(a * 2.6 + 1) * np.sin(b * 1.7))


def _dem(cache: Path) -> Path:
    path = cache / "mountains.tif"
    if path.exists():
        return path
    west, south, east, north = _DEM_BOX
    width, height = round((east - west) / _DEM_DEG), round((north - south) / _DEM_DEG)
    x, y = west + _DEM_DEG * (np.arange(width) + 0.5), north - _DEM_DEG * (np.arange(height) + 0.5)
    partial = path.with_suffix(".partial")
    with rasterio.open(
        partial, "w", driver="GTiff", width=width, height=height, count=1, dtype="float32", crs="EPSG:4326",
        transform=from_origin(west, north, _DEM_DEG, _DEM_DEG), tiled=True, compress="deflate",
    ) as target:  # fmt: skip
        target.write(_heights(*np.meshgrid(x, y), metres=1 / 82).astype(np.float32), 1)
    partial.rename(path)
    return path


def _small_dem(path: Path) -> None:
    """Heights for sarsen, on a part of the tile's own grid."""
    extent = tile_extent(_TILE)
    west, north = extent.ulx_m + 40_000, extent.uly_m - 40_000
    side = 10.0 * np.arange(_SARSEN_PX) + 5
    with rasterio.open(
        path, "w", driver="GTiff", width=_SARSEN_PX, height=_SARSEN_PX, count=1, dtype="float64", crs=extent.crs,
        transform=from_origin(west, north, 10, 10),
    ) as target:  # fmt: skip
        target.write(_heights(*np.meshgrid(west + side, north - side), metres=1_000), 1)
