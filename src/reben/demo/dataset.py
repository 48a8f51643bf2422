"""Write the synthetic landscape as a data set in the published layout: patches, reference maps, metadata tables."""

from datetime import datetime
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rasterio.transform import from_origin

from reben.core.bands import BANDS, IMAGE_RESOLUTION_M, REFERENCE_MAP_RESOLUTION_M
from reben.core.classes import CLC2018
from reben.core.grid import PatchGrid
from reben.core.names import PatchName, S1PatchName, TileName, V1PatchName
from reben.demo import landscape
from reben.io.dataset.metadata import SCHEMA, write_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.tiff.geotiff import write_band, write_reference_map
from reben.rules.labels import is_labelled_enough, present_labels
from reben.rules.split import assign_splits, frames
from reben.work import atomic
from reben.work.processes import worker_pool
from reben.work.progress import Advance, unseen

# A tile in the Gulf of Guinea, where there is no land; baseline and orbit 0 do not exist.
TILE = TileName("S2A", "L2A", datetime(2017, 7, 1), "0000", 0, "31NAA")  # noqa: DTZ001 - names carry UTC
_SCENE = "S1A_IW_GRDH_1SDV_20170701T000000"
_CRS = "EPSG:32631"
_ULX_M, _ULY_M = 99_960, 100_020
_GRID = PatchGrid()
_SIDE_PX = _GRID.patch_size_m // IMAGE_RESOLUTION_M
_CLOUDY_EVERY = 16
_NOTICE = """Synthetic data, made by `reben demo`: nothing in this folder was observed by a satellite.

The layout is that of reBEN (BigEarthNet v2.0). The country is "Nowhere".
"""


def write_dataset(root: Path, *, step: int = 4, workers: int = 1, progress: Advance = unseen) -> DatasetPaths:
    """Write every `step`-th patch along either axis of the tile that has enough labelled pixels.

    Equal arguments give equal bytes, for any number of workers.

    Args:
        root: folder to make.
        step: 4 gives some 500 patches.
        workers: processes that write.
        progress: called with the number of places just finished.

    Raises:
        TargetExistsError: if there is something at `root`.
    """
    cells = list(product(range(0, _GRID.patches_per_side, step), repeat=2))
    rows: list[dict[str, Any]] = []
    with atomic.new_directory(root) as folder:
        paths = DatasetPaths(folder)
        (folder / "README.txt").write_text(_NOTICE, encoding="utf-8")
        write = partial(_write_patch, paths)
        with worker_pool(workers) as pool:
            for row in pool.map(write, cells, chunksize=8) if workers > 1 else map(write, cells):
                rows.extend([row] if row is not None else [])
                progress(1)
        table = pa.Table.from_pylist(rows, SCHEMA)
        cloudy = table["contains_cloud_or_shadow"].to_numpy()
        write_metadata(paths.metadata, table.filter(~cloudy))
        write_metadata(paths.snow_and_cloud_metadata, table.filter(cloudy))
    return DatasetPaths(root)


def places_on_tile(step: int) -> int:
    """How many places `write_dataset` looks at."""
    return len(range(0, _GRID.patches_per_side, step)) ** 2


def _write_patch(paths: DatasetPaths, cell: tuple[int, int]) -> dict[str, Any] | None:
    """Write all files of one patch; its metadata row, or None if too little of it is labelled."""
    column, row = cell
    left, top = column * _SIDE_PX, row * _SIDE_PX
    codes = landscape.land_cover(left, top, _SIDE_PX)
    class_map = CLC2018.class_map(codes)
    if not is_labelled_enough(class_map):
        return None
    number = column * _GRID.patches_per_side + row
    bands = landscape.appearance(codes, left, top, seed=number)
    cloudy = landscape.random_share(row, column) < 1 / _CLOUDY_EVERY
    if cloudy:
        landscape.cover_with_cloud(bands, seed=number)

    s2 = str(PatchName(TILE, column, row))
    s1 = str(S1PatchName(_SCENE, TILE.mgrs, column, row))
    bounds = _GRID.bounds(column, row, ulx_m=_ULX_M, uly_m=_ULY_M)
    for name, pixels in landscape.at_native_resolution(bands).items():
        band = BANDS[name]
        path = Path(paths.s2_file(s2, name) if band.sensor == "s2" else paths.s1_file(s1, name))
        path.parent.mkdir(parents=True, exist_ok=True)
        transform = from_origin(bounds.left_m, bounds.top_m, band.resolution_m, band.resolution_m)
        write_band(path, pixels, crs=_CRS, transform=transform, nodata=band.nodata)
    transform = from_origin(bounds.left_m, bounds.top_m, REFERENCE_MAP_RESOLUTION_M, REFERENCE_MAP_RESOLUTION_M)
    map_file = Path(paths.map_file(s2))
    map_file.parent.mkdir(parents=True)
    write_reference_map(map_file, codes, crs=_CRS, transform=transform)
    return {
        "patch_id": s2,
        "labels": present_labels(class_map, CLC2018),
        "split": str(assign_splits(np.array([column]), np.array([row]), _GRID, frames(_GRID.tile_side_m))[0]),
        "country": "Nowhere",
        "s1_name": s1,
        "s2v1_name": str(V1PatchName(TILE.mission, TILE.sensing_time.strftime("%Y%m%dT%H%M%S"), column, row)),
        "contains_seasonal_snow": False,
        "contains_cloud_or_shadow": bool(cloudy),
    }
