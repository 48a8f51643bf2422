"""Altitude of the nodes of a tile, from a digital elevation model in any CRS."""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject

from reben.correct.sixs.nodes import CELL_M, Nodes
from reben.correct.sixs.tables import Values
from reben.io.elevation import expect_altitudes, expect_metres, opened


def node_altitudes_m(dem: Path, nodes: Nodes) -> Values:
    """Mean altitude of each cell, shape (nodes, nodes); NaN where the model has no value.

    Scale and offset of the file are applied. The lowest and the highest pixel of each cell are looked at, too: a mean
    hides a fill value.

    Raises:
        RasterError: if the file cannot be read, or its values are not altitudes in metres.
    """
    with opened(dem) as source:
        scale, offset = expect_metres(dem, source)
        found = (_resample(source, nodes, how) for how in (Resampling.average, Resampling.min, Resampling.max))
        altitudes, *extremes = (scale * values + offset for values in found)
    expect_altitudes(dem, *extremes)
    return altitudes


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
