"""Rasters that GDAL makes, on the disk whole or not at all.

GDAL does not always say that a disk is full, and leaves a file that cannot be opened. So it makes files in memory, and
they are written here, where the operating system's answer is heard.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from reben.core.errors import RasterError
from reben.work.atomic import naming

_ENDINGS = {"GTiff": ".tif", "JP2OpenJPEG": ".jp2"}
"""Without its ending, GDAL leaves out where a JPEG 2000 file lies."""
DatasetWriter = Any  # rasterio has no types


def write_raster(
    path: Path,
    pixels: NDArray[Any],
    *,
    driver: str,
    describe: Callable[[DatasetWriter], None] = lambda _: None,
    **profile: Any,  # noqa: ANN401 - GDAL's options
) -> None:
    """Write a raster of one band; the caller gives it its final name or that of its folder.

    Args:
        path: to write.
        pixels: shape (rows, columns).
        driver: GDAL's: GTiff or JP2OpenJPEG.
        describe: adds what belongs into the file beside pixels.
        **profile: CRS, transform, and what the driver takes.

    Raises:
        RasterError: if GDAL cannot make it.
        OSError: if it cannot be written whole: the disk may be full.
    """
    from rasterio._err import CPLE_BaseError  # noqa: PLC0415 - what GDAL's drivers say passes rasterio as it is
    from rasterio.errors import RasterioError  # noqa: PLC0415 - readers of plain files need no GDAL
    from rasterio.io import MemoryFile  # noqa: PLC0415

    height, width = pixels.shape
    try:
        with MemoryFile(ext=_ENDINGS[driver]) as memory:
            with memory.open(
                driver=driver, height=height, width=width, count=1, dtype=pixels.dtype.name, **profile
            ) as target:
                describe(target)
                target.write(pixels, 1)
            with naming(path):
                path.write_bytes(memory.getbuffer())
    except (RasterioError, CPLE_BaseError) as error:
        raise RasterError(f"{path}: GDAL cannot make it ({error})", hint="there may be too little memory") from error
