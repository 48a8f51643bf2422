"""The bands of a tile: read, checked against each other, and searched for patches with invalid pixels.

Source: the published patches: values without processing offset, patches with a nodata pixel (0) in any band left out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import BANDS, S2_BANDS
from reben.core.errors import GridError, ProductError
from reben.core.grid import PatchGrid, TileExtent
from reben.io.l2a_product import L2A_QUANTIFICATION, L2aProduct
from reben.io.tile_bands import read_tile_band

_NODATA = 0
_LOWEST_VALID = 1
"""What becomes of a valid pixel that the offset would take to 0 or below: it must not become nodata."""

_HINT = "download or correct the product again"


@dataclass(frozen=True, slots=True)
class TileBands:
    """Bands of a tile."""

    extent: TileExtent
    pixels: Mapping[str, NDArray[np.uint16]]
    """Per band, shape (rows, columns) at native resolution, 0 where invalid."""


def read_bands(
    product: L2aProduct, names: Sequence[str] = S2_BANDS, *, threads: int = 1, keep_raw: bool = False
) -> TileBands:
    """Read bands of a product at their native resolution.

    Args:
        product: where the rasters lie.
        names: of the bands; all twelve by default.
        threads: how many GDAL may use to decode one raster.
        keep_raw: keep digital numbers as they are, instead of adding the processing offset.

    Raises:
        ProductError: if a band is missing or damaged, or the bands do not cover the same ground.
    """
    missing = [band for band in names if band not in product.images]
    if missing:
        raise ProductError(
            f"{product.path}: lacks {', '.join(missing)} at native resolution", hint="give a complete L2A product"
        )
    if not keep_raw and product.quantification != L2A_QUANTIFICATION:
        raise ProductError(
            f"{product.path}: reflectance is digital numbers divided by {product.quantification:g}; reBEN's is "
            f"{L2A_QUANTIFICATION:,}",
            hint="--keep-raw keeps the numbers as they are; mix such products with no others",
        )
    extent = product.extent
    pixels = {}
    for band in names:
        image, resolution_m = product.images[band], BANDS[band].resolution_m
        extent, pixels[band] = read_tile_band(image, resolution_m, threads=threads, expected=extent)
        if not keep_raw:
            add_offset(pixels[band], product.offsets[band])
    if extent is None:  # there are bands
        raise ProductError(f"{product.path}: has no bands")
    return TileBands(extent, pixels)


def join_bands(bands: TileBands, further: TileBands) -> None:
    """Fill invalid pixels with those of another product of the same tile and time, in place.

    Raises:
        GridError: if it lies elsewhere.
    """
    if further.extent != bands.extent:
        raise GridError(f"one part of the tile covers {bands.extent}, another one {further.extent}")
    for name, pixels in bands.pixels.items():
        np.copyto(pixels, further.pixels[name], where=pixels == _NODATA)


def add_offset(pixels: NDArray[np.uint16], offset: int) -> None:
    """Add the processing offset to valid pixels, in place; the lowest valid value is 1, nodata stays 0."""
    if offset == 0:
        return
    invalid = pixels == _NODATA
    lowest = max(_LOWEST_VALID - offset, 0)
    np.maximum(pixels, lowest, out=pixels)
    np.add(pixels, offset, out=pixels, dtype=np.int32, casting="unsafe")
    pixels[invalid] = _NODATA


def valid_patches(bands: TileBands, grid: PatchGrid) -> NDArray[np.bool_]:
    """Which patches have no invalid pixel in any band, shape (columns, rows)."""
    side = grid.patches_per_side
    valid = np.ones((side, side), np.bool_)
    for name, pixels in bands.pixels.items():
        patch_px = grid.patch_size_m // BANDS[name].resolution_m
        covered = pixels[: side * patch_px, : side * patch_px].reshape(side, patch_px, -1)
        lowest = covered.min(axis=1).reshape(side, side, patch_px).min(axis=2)  # row by row, as memory lies
        valid &= (lowest != _NODATA).T
    return valid
