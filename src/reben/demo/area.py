"""The synthetic area of the demo: where it lies, and what sensors would see of it.

It lies in the Gulf of Guinea, where there is no land; processing baseline and orbit 0 do not exist.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import product

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import BANDS, IMAGE_RESOLUTION_M, S1_BANDS, S2_BANDS
from reben.core.grid import TileExtent
from reben.core.names import ProductName, TileName
from reben.demo import landscape
from reben.work.processes import worker_pool
from reben.work.progress import Advance

BLOCK_PX = 300
"""Side of the squares that workers make."""

EXTENT = TileExtent("EPSG:32631", ulx_m=99_960, uly_m=100_020, side_m=27_000)
"""A quarter of a real tile's side: 22 x 22 patches, and half a patch at the border that is dropped."""

PRODUCT = ProductName(
    TileName("S2A", "L2A", datetime(2017, 7, 1, 10), "0000", 0, "31NAA"),  # noqa: DTZ001 - names carry UTC
    datetime(2017, 7, 1, 12),  # noqa: DTZ001
)

_SWATH_EDGE_PX = 700
"""Length of the legs of the corner in the north-east that the satellite did not see."""


@dataclass(frozen=True, slots=True)
class Area:
    """All that is there."""

    codes: NDArray[np.uint16]
    """Land cover at 10 m, shape (side, side)."""
    bands: dict[str, NDArray[np.generic]]
    """Every band at its native resolution: reflectance times 10,000 (0 where unseen), backscatter in dB."""


def make_area(extent: TileExtent = EXTENT, *, workers: int = 1, progress: Advance) -> Area:
    """Make the area; equal arguments give equal pixels, for any number of workers.

    Args:
        extent: a multiple of 3 km wide.
        workers: processes.
        progress: called with the number of blocks just finished.
    """
    side_px = extent.side_m // IMAGE_RESOLUTION_M
    area = Area(
        np.zeros((side_px, side_px), np.uint16),
        {
            name: np.zeros((extent.side_m // BANDS[name].resolution_m,) * 2, BANDS[name].numpy_dtype)
            for name in (*S2_BANDS, *S1_BANDS)
        },
    )
    corners = list(product(range(0, side_px, BLOCK_PX), repeat=2))
    with _mapping(workers) as run:
        for (left, top), (codes, bands) in zip(corners, run(_make_block, corners), strict=True):
            area.codes[top : top + BLOCK_PX, left : left + BLOCK_PX] = codes
            for name, pixels in bands.items():
                factor = BANDS[name].resolution_m // IMAGE_RESOLUTION_M
                y, x, side = top // factor, left // factor, BLOCK_PX // factor
                area.bands[name][y : y + side, x : x + side] = pixels
            progress(1)
    _hide_unseen(area)
    return area


def blocks_in(extent: TileExtent = EXTENT) -> int:
    """How many blocks `make_area` makes."""
    return (extent.side_m // IMAGE_RESOLUTION_M // BLOCK_PX) ** 2


def _make_block(corner: tuple[int, int]) -> tuple[NDArray[np.uint16], dict[str, NDArray[np.generic]]]:
    left, top = corner
    codes = landscape.land_cover(left, top, BLOCK_PX)
    bands = landscape.appearance(codes, left, top, seed=(left << 16) + top)
    return codes, landscape.at_native_resolution(bands)


def _hide_unseen(area: Area) -> None:
    """No data in the corner beyond the edge of the swath."""
    for name in S2_BANDS:
        pixels = area.bands[name]
        leg_px = _SWATH_EDGE_PX * IMAGE_RESOLUTION_M // BANDS[name].resolution_m
        rows, columns = np.ogrid[: len(pixels), : len(pixels)]
        pixels[columns - rows >= len(pixels) - leg_px] = 0


@contextmanager
def _mapping(
    workers: int,
) -> Iterator[Callable[..., Iterator[tuple[NDArray[np.uint16], dict[str, NDArray[np.generic]]]]]]:
    """`map`, in other processes if there are to be several."""
    if workers == 1:
        yield map
        return
    with worker_pool(workers, preload=[__name__]) as pool:
        yield pool.map
