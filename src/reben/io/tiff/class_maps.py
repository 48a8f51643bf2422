"""Class maps as GeoTIFFs: one class index per pixel, in the colours of the legend."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rasterio.transform import from_origin

from reben.core.bands import REFERENCE_MAP_RESOLUTION_M
from reben.core.classes import UNLABELLED, Legend
from reben.io.new_rasters import DatasetWriter, write_raster
from reben.work import atomic

NODATA = 255
"""Pixels that were not predicted."""

_TILE_PX = 256


def write_class_map(
    target: Path, classes: NDArray[np.int8], legend: Legend, *, crs: str, left_m: float, top_m: float
) -> None:
    """Write a class map; GIS programs show its colours and class names.

    Args:
        target: file to write.
        classes: class indices, shape (rows, columns), `UNLABELLED` where there is none.
        legend: names and colours of the classes.
        crs: such as EPSG:32633.
        left_m: easting of the left edge, in metres.
        top_m: northing of the upper edge, in metres.
    """
    pixels = np.where(classes == UNLABELLED, NODATA, classes).astype(np.uint8)
    resolution = REFERENCE_MAP_RESOLUTION_M
    tiled = min(pixels.shape) >= _TILE_PX

    def describe(file: DatasetWriter) -> None:
        file.write_colormap(1, {index: (*colour, 255) for index, colour in enumerate(legend.class_colours)})
        file.update_tags(legend=legend.name, **{f"class_{i}": name for i, name in enumerate(legend.class_names)})

    with atomic.new_file(target) as partial:
        write_raster(
            partial,
            pixels,
            driver="GTiff",
            describe=describe,
            nodata=NODATA,
            crs=crs,
            transform=from_origin(left_m, top_m, resolution, resolution),
            compress="deflate",
            photometric="palette",
            **({"tiled": True, "blockxsize": _TILE_PX, "blockysize": _TILE_PX} if tiled else {}),
        )
