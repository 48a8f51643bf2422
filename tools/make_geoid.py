"""Make `src/reben/tile/sentinel1/grd/egm96.tif` from PROJ's grid: `python tools/make_geoid.py egm96_15.gtx`.

PROJ distributes the grid as `egm96_15.gtx` (or `us_nga_egm96_15.tif`); Debian's package `proj-data` has it.
"""

import sys
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

from reben.tile.sentinel1.grd import geoid

TARGET = Path(geoid.__file__).with_name(geoid.FILE)


def main(source: Path) -> None:
    """Round and compress it."""
    with rasterio.open(source) as grid:
        heights_m = grid.read(1)
        west, north = grid.transform * (0.5, 0.5)
    half = geoid.STEP_DEG / 2
    if heights_m.shape != (721, 1440) or (west, north) != (-180, 90):
        sys.exit(
            f"{source}: has shape {heights_m.shape}, first node {west}, {north}; expected 721 x 1440 from -180, 90"
        )
    rows, columns = heights_m.shape
    with rasterio.open(
        TARGET,
        "w",
        driver="GTiff",
        height=rows,
        width=columns,
        count=1,
        dtype="int16",
        crs="EPSG:4326",
        transform=from_origin(west - half, north + half, geoid.STEP_DEG, geoid.STEP_DEG),
        compress="deflate",
        predictor=2,
        zlevel=9,
        blockysize=rows,
    ) as target:
        target.write(np.round(heights_m / geoid.UNIT_M).astype(np.int16), 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
