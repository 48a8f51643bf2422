"""New areas: a full-size tile from Cloud-Optimized GeoTIFFs or JPEG 2000, and a raster of land cover onto its grid."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import rasterio
from rasterio.shutil import copy
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from benchmarks.construction import REAL_DATA, full_tile
from benchmarks.timing import medians_s
from reben.construct.land_cover.finding import find_land_cover
from reben.core.grid import TileExtent
from reben.core.mgrs import tile_extent
from reben.io.l2a_product import L2aProduct
from reben.io.l2a_sources import open_l2a
from reben.io.legend_files import legend_file, read_legend
from reben.io.safe.l2a import open_product
from reben.io.stac.providers import PROVIDERS, SCENE_CLASSES
from reben.tile.bands import read_bands
from reben.work.processes import available_cpus

_SIDE_PX = 36_000
"""Of a tile of ESA WorldCover, which covers 3 by 3 degrees."""
_PIXEL_DEG = 3 / _SIDE_PX
_FIELD_PX = 40
"""Side of the squares of one class of the made-up land cover."""
_CODES = (10, 20, 30, 40, 50, 60, 80, 90)
_BLOCK_PX = 512

LEGEND = "worldcover"
READ_COGS, READ_JP2 = "reading the 12 bands from COGs", "reading the 12 bands from JPEG 2000"
BUILD_COGS, BUILD_JP2 = "reben build, items with COGs", "reben build, .SAFE with JPEG 2000"
LAND_COVER = "land cover onto the tile, from a raster of 36,000 x 36,000 pixels"


def measure(cache: Path, scratch: Path, *, rounds: int) -> dict[str, float] | None:
    """Median seconds of each way; None if there are no real patches to fill a tile with.

    Args:
        cache: where tile, COGs and land cover are kept between runs.
        scratch: where data sets are built.
        rounds: each figure is the median of so many.
    """
    if not (REAL_DATA / "tools").is_dir():
        return None
    product = open_product(full_tile(cache))
    item = open_l2a(_items(cache, product))
    extent = tile_extent(product.name.tile.mgrs)
    raster = _land_cover(cache, extent)
    target = scratch / "dataset"
    source = find_land_cover(raster, read_legend(legend_file(LEGEND) or Path(LEGEND)))
    ways = {
        READ_JP2: lambda: read_bands(product, threads=available_cpus()),
        READ_COGS: lambda: read_bands(item, threads=available_cpus()),
        BUILD_JP2: lambda: _build(product.path, raster, target),
        BUILD_COGS: lambda: _build(item.path.parent, raster, target),
        LAND_COVER: lambda: source.on(extent),
    }
    return medians_s(ways, rounds=rounds, prepare=lambda: shutil.rmtree(target, ignore_errors=True))


def _items(cache: Path, product: L2aProduct) -> Path:
    """The product as an item, as the Planetary Computer writes them, whose COGs lie beside its file."""
    folder = cache / "cogs"
    row = next(row for row in PROVIDERS if row.collection == "sentinel-2-l2a" and "B02" in row.assets.values())
    if not folder.exists():
        partial = cache / "cogs.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        rasters = dict(product.images) | ({SCENE_CLASSES: product.scene_classes} if product.scene_classes else {})
        for band, image in rasters.items():
            with rasterio.open(image) as source:
                copy(source, partial / f"{band}.tif", driver="COG", COMPRESS="DEFLATE", PREDICTOR="YES")
        feature = {
            "type": "Feature",
            "stac_version": "1.1.0",
            "id": "tile",
            "collection": row.collection,
            "properties": {row.name_in: product.path.name, row.baseline_in: product.baseline},
            "assets": {row.assets[band]: {"href": f"{band}.tif"} for band in rasters},
        }
        (partial / "items.json").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
        partial.rename(folder)
    return folder / "items.json" / "tile"


def _land_cover(cache: Path, extent: TileExtent) -> Path:
    """A raster with the form of a tile of ESA WorldCover, made up, around the middle of the tile."""
    path = cache / "worldcover.tif"
    if path.exists():
        return path
    side = extent.side_m
    box = (extent.ulx_m, extent.uly_m - side, extent.ulx_m + side, extent.uly_m)
    west, south, east, north = transform_bounds(extent.crs, "EPSG:4326", *box)
    corner = (west + east) / 2 - 1.5, (south + north) / 2 + 1.5
    draw = np.random.default_rng(0)
    partial = path.with_suffix(".partial")
    with rasterio.open(
        partial, "w", driver="GTiff", width=_SIDE_PX, height=_SIDE_PX, count=1, dtype="uint8", nodata=0,
        crs="EPSG:4326", transform=from_origin(*corner, _PIXEL_DEG, _PIXEL_DEG), tiled=True, compress="deflate",
        blockxsize=_BLOCK_PX, blockysize=_BLOCK_PX,
    ) as target:  # fmt: skip
        fields = draw.choice(np.array(_CODES, np.uint8), (_SIDE_PX // _FIELD_PX, _SIDE_PX // _FIELD_PX))
        for number, row in enumerate(fields):
            strip = np.broadcast_to(np.repeat(row, _FIELD_PX), (_FIELD_PX, _SIDE_PX))
            target.write(strip, 1, window=Window(0, number * _FIELD_PX, _SIDE_PX, _FIELD_PX))
    partial.rename(path)
    return path


def _build(l2a: Path, land_cover: Path, target: Path) -> None:
    command = [
        sys.executable, "-m", "reben", "build", "--l2a", l2a, "--land-cover", land_cover, "--legend", LEGEND,
        "--output", target,
    ]  # fmt: skip
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
