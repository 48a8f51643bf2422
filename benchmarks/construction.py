"""Building one full-size tile, against bare decoding of its twelve bands with the same number of threads."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import rasterio
import shapely
from numpy.typing import NDArray

from benchmarks.timing import medians_s
from reben.io.l2a_product import L2aProduct
from reben.io.projection import project
from reben.io.safe.l2a import open_product
from reben.work.processes import available_cpus

REAL_DATA = Path(__file__).parents[2] / "shared"
_TEMPLATE = "s2_metadata/stactools_sentinel2/esa_S2B_MSIL2A_20210122T133229_N0214_R081_T22HBD_20210122T155500.SAFE"
_POLYGONS = 9_000
_MARGIN_M = 2_000
_CODES = (112, 121, 211, 222, 231, 242, 243, 311, 312, 313, 321, 324, 411, 512)

BUILD, DECODE = "reben build", "decoding the 12 bands"


@dataclass(frozen=True, slots=True)
class TileFigures:
    """What was measured on one tile."""

    seconds: dict[str, float]
    """Median wall time of each way."""
    stages: dict[str, float]
    """Seconds per stage of the last build."""
    peak_memory_bytes: int
    """Of the worker."""


def measure(cache: Path, scratch: Path, *, rounds: int) -> TileFigures | None:
    """Time building and decoding in turn; None if there are no real patches to fill a tile with.

    Args:
        cache: where the tile is kept between runs: making it takes longer than building it.
        scratch: where data sets are built.
        rounds: each figure is the median of so many.
    """
    if not (REAL_DATA / "tools").is_dir():
        return None
    product = open_product(full_tile(cache))
    land_cover = _land_cover(cache, product)
    target = scratch / "dataset"
    ways = {  # building comes last, so that its report is there when all is done
        DECODE: lambda: _decode(product),
        BUILD: lambda: _build(product, land_cover, target),
    }
    seconds = medians_s(ways, rounds=rounds, prepare=lambda: shutil.rmtree(target, ignore_errors=True))
    report = json.loads((target / "build-report.json").read_text(encoding="utf-8"))
    (tile,) = report["tiles"].values()
    shutil.rmtree(target)
    return TileFigures(seconds, tile["seconds"], tile["peak_memory_bytes"])


def full_tile(cache: Path) -> Path:
    """A full-size product whose texture are the real patches, repeated."""
    folder = cache / "L2A"
    if not folder.exists():
        partial = cache / "L2A.partial"
        shutil.rmtree(partial, ignore_errors=True)
        data, tool = REAL_DATA / "data", REAL_DATA / "tools" / "make_real_tile.py"
        command = [sys.executable, tool, data / "patches", data / _TEMPLATE, partial, "--fill"]
        subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
        partial.rename(folder)
    (product,) = folder.glob("*.SAFE")
    return product


def _land_cover(cache: Path, product: L2aProduct) -> Path:
    """Polygons all over the tile, as many and with as many vertices as CORINE has on a tile."""
    path = cache / "land-cover.gpkg"
    if not path.exists():
        with rasterio.open(product.images["B02"]) as source:
            bounds, crs = source.bounds, f"EPSG:{source.crs.to_epsg()}"
        draw = np.random.default_rng(0)
        west, south, east, north = bounds
        cells = _cells(draw, (west - _MARGIN_M, south - _MARGIN_M, east + _MARGIN_M, north + _MARGIN_M))
        codes = draw.choice(np.array(_CODES), len(cells)).astype(str).astype(object)
        pyogrio.raw.write(
            path, shapely.to_wkb(project(cells, crs, "EPSG:3035")), [codes], fields=np.array(["Code_18"]),
            layer="U2018_CLC2018_V2020_20u1", crs="EPSG:3035", geometry_type="Polygon",
        )  # fmt: skip
    return path


def _cells(draw: np.random.Generator, box: tuple[float, float, float, float]) -> NDArray[np.object_]:
    """Cells of a Voronoi diagram, with a vertex every 100 m."""
    points = draw.uniform(box[:2], box[2:], (_POLYGONS, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=shapely.box(*box)))
    polygons: NDArray[np.object_] = shapely.segmentize(cells, 100)
    return polygons


def _build(product: L2aProduct, land_cover: Path, target: Path) -> None:
    command = [sys.executable, "-m", "reben", "build", "--l2a", product.path, "--clc", land_cover, "--output", target]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)


def _decode(product: L2aProduct) -> None:
    for image in product.images.values():
        with rasterio.open(image, NUM_THREADS=available_cpus()) as source:
            source.read(1)
