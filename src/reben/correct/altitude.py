"""Altitude of the nodes of a tile, from a digital elevation model in any CRS."""

from pathlib import Path

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject

from reben.core.errors import RasterError
from reben.correct.nodes import CELL_M, Nodes
from reben.correct.tables import Values
from reben.io.small_files import is_regular

_LOWEST_M, _HIGHEST_M = -500, 9_000


def node_altitudes_m(dem: Path, nodes: Nodes) -> Values:
    """Mean altitude of each cell, shape (nodes, nodes); NaN where the model has no value.

    Raises:
        RasterError: if the file cannot be read, or its values are no altitudes in metres.
    """
    side = nodes.per_side
    altitudes = np.full((side, side), np.nan)
    if dem.exists() and not is_regular(dem):  # a pipe would wait for ever
        raise RasterError(f"{dem}: is not a regular file", hint="give an elevation model that GDAL reads")
    try:
        with rasterio.open(dem) as source:
            if source.crs is None:
                raise RasterError(f"{dem}: has no CRS", hint="give a georeferenced elevation model")
            reproject(
                rasterio.band(source, 1),
                altitudes,
                dst_transform=from_origin(nodes.ground.ulx_m, nodes.ground.uly_m, CELL_M, CELL_M),
                dst_crs=nodes.ground.crs,
                dst_nodata=np.nan,
                resampling=Resampling.average,
            )
    except RasterioError as error:
        raise RasterError(f"{dem}: cannot be read ({error})", hint="give an elevation model that GDAL reads") from error
    known = altitudes[np.isfinite(altitudes)]
    if known.size and not _LOWEST_M <= known.min() <= known.max() <= _HIGHEST_M:
        raise RasterError(
            f"{dem}: has values from {known.min():.0f} to {known.max():.0f}; expected altitudes in metres",
            hint="its nodata value may not be declared",
        )
    return altitudes
