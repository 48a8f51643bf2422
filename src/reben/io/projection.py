"""Geometries in another coordinate reference system."""

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray


def project(geometries: NDArray[np.object_], source: str, target: str) -> NDArray[np.object_]:
    """The geometries in CRS `target`, longitude or easting first; shape as given.

    Vertices are projected, edges stay straight, as PostGIS and GDAL do it. What has no place in `target` gets infinite
    coordinates.

    Args:
        geometries: shapely geometries in CRS `source`, longitude or easting first.
        source: such as EPSG:3035.
        target: such as EPSG:32633.
    """
    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    projected: NDArray[np.object_] = shapely.transform(geometries, move)
    return projected
