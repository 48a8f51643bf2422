"""Altitude of the nodes of a tile, from a digital elevation model in any CRS."""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject

from reben.core.errors import RasterError
from reben.correct.sixs.nodes import CELL_M, Nodes
from reben.correct.sixs.tables import Values
from reben.io.small_files import is_regular

_LOWEST_M, _HIGHEST_M = -500, 9_000
"""The Dead Sea's shore lies at -430 m, Mount Everest at 8,849 m."""
_METRES = {"", "m", "metre", "metres", "meter", "meters"}


def node_altitudes_m(dem: Path, nodes: Nodes) -> Values:
    """Mean altitude of each cell, shape (nodes, nodes); NaN where the model has no value.

    Scale and offset of the file are applied. The lowest and the highest pixel of each cell are looked at, too: a mean
    hides a fill value.

    Raises:
        RasterError: if the file cannot be read, or its values are not altitudes in metres.
    """
    if dem.exists() and not is_regular(dem):  # a pipe would wait for ever
        raise RasterError(f"{dem}: is not a regular file", hint="give an elevation model that GDAL reads")
    try:
        with rasterio.open(dem) as source:
            scale, offset = _expect_metres(dem, source)
            found = (_resample(source, nodes, how) for how in (Resampling.average, Resampling.min, Resampling.max))
            altitudes, *extremes = (scale * values + offset for values in found)
    except RasterioError as error:
        raise RasterError(f"{dem}: cannot be read ({error})", hint="give an elevation model that GDAL reads") from error
    known = np.concatenate([values[np.isfinite(values)] for values in extremes])
    if known.size and not _LOWEST_M <= known.min() <= known.max() <= _HIGHEST_M:
        raise RasterError(
            f"{dem}: has values from {known.min():.0f} to {known.max():.0f}; expected altitudes in metres",
            hint="its nodata value, scale or offset may not be declared",
        )
    return altitudes


def _expect_metres(dem: Path, source: Any) -> tuple[float, float]:  # noqa: ANN401 - rasterio has no types
    """Scale and offset of the values.

    Raises:
        RasterError: if the file has no place on the Earth, or its values are not metres by its own word.
    """
    if source.crs is None:
        raise RasterError(f"{dem}: has no CRS", hint="give a georeferenced elevation model")
    unit, scale, offset = (source.units[0] or "").strip(), source.scales[0], source.offsets[0]
    if unit.lower() not in _METRES or not (np.isfinite(scale) and np.isfinite(offset) and scale != 0):
        raise RasterError(
            f"{dem}: has the unit {unit[:40]!r}, scale {scale} and offset {offset}; expected metres",
            hint="convert it to metres",
        )
    return scale, offset


def _resample(source: Any, nodes: Nodes, how: Resampling) -> Values:  # noqa: ANN401 - rasterio has no types
    """One value per cell, as it is stored; NaN where the model has none."""
    values = np.full((nodes.per_side, nodes.per_side), np.nan)
    reproject(
        rasterio.band(source, 1),
        values,
        dst_transform=from_origin(nodes.extent.ulx_m, nodes.extent.uly_m, CELL_M, CELL_M),
        dst_crs=nodes.extent.crs,
        dst_nodata=np.nan,
        resampling=how,
    )
    return values
