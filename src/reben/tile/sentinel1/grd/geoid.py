"""How high mean sea level lies above the ellipsoid: EGM96 in steps of a quarter of a degree, rounded to 0.1 m.

Elevation models count from the geoid, satellites from the ellipsoid; in Europe these differ by some 45 m, which would
move a pixel by as much. Between the models of 1996 and 2008 lie some decimetres, which move it by a twentieth.

Source: NGA, Earth Gravitational Model 1996 (public domain), as PROJ distributes it (`egm96_15.gtx`);
`tools/make_geoid.py` makes the file.
"""

from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from rasterio.io import MemoryFile

Values = NDArray[np.float64]
FILE = "egm96.tif"
STEP_DEG = 0.25
UNIT_M = 0.1
_ROWS, _COLUMNS = 721, 1440


def undulation_m(longitudes: Values, latitudes: Values) -> Values:
    """Height of the geoid above WGS 84's ellipsoid in metres, bilinear between nodes.

    >>> undulation_m(np.array([0.0]), np.array([90.0])).round(1)  # at the pole
    array([13.6])
    """
    nodes = _nodes_m()
    column = (np.asarray(longitudes) + 180) % 360 / STEP_DEG
    row = np.clip((90 - np.asarray(latitudes)) / STEP_DEG, 0, _ROWS - 1)
    left, top = column.astype(np.intp) % _COLUMNS, np.minimum(row.astype(np.intp), _ROWS - 2)
    right = (left + 1) % _COLUMNS
    across, down = column - np.floor(column), row - top
    upper = nodes[top, left] * (1 - across) + nodes[top, right] * across
    lower = nodes[top + 1, left] * (1 - across) + nodes[top + 1, right] * across
    height: Values = upper * (1 - down) + lower * down
    return height


@cache
def _nodes_m() -> Values:
    """Shape (721, 1440), from the north, from 180° west."""
    content = files(__package__).joinpath(FILE).read_bytes()
    with MemoryFile(content) as memory, memory.open(driver="GTiff") as source:
        heights: Values = source.read(1) * UNIT_M
    return heights
