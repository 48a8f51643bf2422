"""Write a pass over a tile as GeoTIFFs: VV and VH in dB, and the incidence angle where it is wanted."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import RasterioError
from rasterio.transform import from_origin
from rasterio.windows import Window

from reben.core.bands import S1_BANDS
from reben.core.errors import RasterError
from reben.tile.sentinel1.grd.placement import PIXEL_M
from reben.tile.sentinel1.grd.tile_pass import BLOCK_PX, Geocoded, TilePass
from reben.tile.sentinel1.scene_raster import TILE_TAG

INCIDENCE = "incidence"
_Files = Mapping[str, Any]  # rasterio has no types


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a pass over a tile; counts are pixels."""

    pixels: int
    """Of the tile."""
    with_value: Mapping[str, int]
    """By polarisation."""
    without_altitude: int
    hidden: int
    """In layover or shadow, if that was asked for."""


def write_pass(
    tile_pass: TilePass,
    tile: str,
    folder: Path,
    *,
    incidence: bool = False,
    threads: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> Written:
    """Geocode a pass, and write it.

    Args:
        tile_pass: the pass.
        tile: name of the tile, such as 33UUP.
        folder: exists; the caller gives it its final name when all is written.
        incidence: write the incidence angle, too.
        threads: how many blocks are made at the same time.
        progress: called with the number of rows of pixels just finished.

    Raises:
        RasterError: if a product or the elevation model cannot be read, or files cannot be written.
    """
    names = [*S1_BANDS, *([INCIDENCE] if incidence else [])]
    paths = {name: folder / f"{tile_pass.scene}_{tile}_{name}.tif" for name in names}
    count = _Count(names)
    with _created(paths, tile_pass, tile) as files, tile_pass.blocks(threads=threads) as made:
        for block in made:
            count.add(block, _write(files, block))
            if block.block.column == 0:
                progress(block.block.rows)
    for name, path in paths.items():
        _expect_written(path, count.known[name])
    return Written(count.pixels, {band: count.known[band] for band in S1_BANDS}, count.without_altitude, count.hidden)


class _Count:
    """Sums over the blocks."""

    def __init__(self, names: list[str]) -> None:
        self.known = dict.fromkeys(names, 0)
        self.pixels = self.without_altitude = self.hidden = 0

    def add(self, block: Geocoded, known: Mapping[str, int]) -> None:
        for name, number in known.items():
            self.known[name] += number
        self.pixels += block.block.rows * block.block.columns
        self.without_altitude += block.without_altitude
        self.hidden += block.hidden


def _write(files: _Files, made: Geocoded) -> dict[str, int]:
    """Write a block, and count its values."""
    block = made.block
    window = Window(block.column, block.row, block.columns, block.rows)
    known = {}
    for name, file in files.items():
        values = made.incidence_deg if name == INCIDENCE else made.decibels[name]
        known[name] = int(np.isfinite(values).sum())
        if known[name]:  # what is not written is NaN
            file.write(values, 1, window=window)
    return known


@contextmanager
def _created(paths: Mapping[str, Path], tile_pass: TilePass, tile: str) -> Iterator[_Files]:
    extent = tile_pass.extent
    side = extent.side_m // PIXEL_M
    try:
        with ExitStack() as stack:
            files = {}
            for name, path in paths.items():
                file = files[name] = stack.enter_context(
                    rasterio.open(
                        path,
                        "w",
                        driver="GTiff",
                        width=side,
                        height=side,
                        count=1,
                        dtype="float32",
                        crs=extent.crs,
                        transform=from_origin(extent.ulx_m, extent.uly_m, PIXEL_M, PIXEL_M),
                        nodata=np.nan,
                        tiled=True,
                        blockxsize=BLOCK_PX,
                        blockysize=BLOCK_PX,
                        compress="zstd",
                        zstd_level=1,
                        predictor=3,
                        num_threads=2,
                        sparse_ok=True,
                    )
                )
                file.update_tags(**{TILE_TAG: tile}, SOFTWARE="reben")
                _describe(file, name)
            yield files
    except RasterioError as error:
        raise RasterError(f"{next(iter(paths.values())).parent}: cannot be written ({error})") from error


def _describe(file: Any, name: str) -> None:  # noqa: ANN401 - rasterio has no types
    file.set_band_description(1, name)
    if name == INCIDENCE:
        file.set_band_unit(1, "degree")
    else:
        file.set_band_unit(1, "dB")
        file.update_tags(1, CALIBRATION="sigma nought", UNIT="dB")


def _expect_written(path: Path, known: int) -> None:
    """Read a file again: GDAL does not always say that a disk is full.

    Raises:
        RasterError: if it cannot be read, or does not hold as many values as were written.
    """
    found = 0
    try:
        with rasterio.open(path, driver="GTiff") as file:
            for row in range(0, file.height, BLOCK_PX):
                rows = file.read(1, window=Window(0, row, file.width, min(BLOCK_PX, file.height - row)))
                found += int(np.isfinite(rows).sum())
    except RasterioError as error:
        raise RasterError(f"{path}: cannot be read after it was written ({error})", hint="is the disk full?") from error
    if found != known:
        raise RasterError(f"{path}: holds {found:,} of {known:,} values", hint="is the disk full?")
