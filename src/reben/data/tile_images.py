"""A whole L2A product cut like a data set's patches, with the bands that a model wants.

The patch grid leaves a margin at the east and the south of a tile. Maps of pixels take further grids there, which end
where the tile ends and overlap with the first one, so that the whole tile is covered.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product as pairs
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import IMAGE_RESOLUTION_M, Band, select_bands
from reben.core.errors import BandError
from reben.core.grid import PatchGrid, TileExtent
from reben.data.images import upsampled
from reben.io.l2a_product import L2aProduct
from reben.tile.bands import TileBands, read_bands
from reben.tile.patches import Cell, TilePatches
from reben.tile.sentinel1.partners import S1Source


@dataclass(frozen=True, slots=True)
class TileImage:
    """One patch of a tile, as it is stored."""

    patches: TilePatches
    """Grid that it belongs to."""
    cell: Cell
    tensors: Mapping[str, NDArray[Any]]
    """Bands by name, at their native resolution."""
    valid: NDArray[np.bool_]
    """Whether all bands were seen, shape (H, W) at 10 m."""


@dataclass(frozen=True)
class TileImages:
    """Images of one product.

    Raises (when it is iterated over):
        RasterError: if a Sentinel-1 raster cannot be read.
    """

    tile: TileBands
    patches: TilePatches
    """All patches of the tile."""
    bands: tuple[Band, ...]
    """Of the images."""
    sentinel1: S1Source | None

    def grids(self, *, whole_tile: bool) -> list[TilePatches]:
        """The patch grid; with `whole_tile` others too, which end at the tile's east and south."""
        extent, size_m = self.patches.extent, self.patches.grid.patch_size_m
        margin_m = extent.side_m % size_m
        shifts = (0, margin_m) if whole_tile and margin_m else (0,)
        return [
            TilePatches(
                self.patches.tile,
                TileExtent(extent.crs, extent.ulx_m + east, extent.uly_m - south, extent.side_m - margin_m),
                PatchGrid(extent.side_m - margin_m, size_m),
            )
            for east, south in pairs(shifts, shifts)
        ]

    def true_colour(self) -> NDArray[np.uint16] | None:
        """Red, green and blue of the tile, shape (rows, columns, 3); None if the model does without one of them."""
        names = ("B04", "B03", "B02")
        if not all(name in self.tile.pixels for name in names):
            return None
        return np.stack([self.tile.pixels[name] for name in names], axis=-1)

    def images(self, patches: TilePatches, cells: Sequence[Cell]) -> Iterator[TileImage]:
        """Images of some places of a grid; no image where a Sentinel-1 partner is needed and there is none."""
        if not any(band.sensor == "s1" for band in self.bands) or self.sentinel1 is None:
            for cell in cells:
                yield self._image(patches, cell, {})
            return
        for cell, partner in self.sentinel1.partners(patches, cells, {}):
            yield self._image(patches, cell, partner.pixels)

    def _image(self, patches: TilePatches, cell: Cell, s1: Mapping[str, NDArray[np.float32]]) -> TileImage:
        side_px = patches.grid.patch_size_m // IMAGE_RESOLUTION_M
        valid = np.ones((side_px, side_px), np.bool_)
        tensors: dict[str, NDArray[Any]] = {}
        for band in self.bands:
            if band.sensor == "s1":
                tensors[band.name] = s1[band.name]
                continue
            pixels = tensors[band.name] = self._cut(patches, cell, band)
            valid &= upsampled(pixels > 0, side_px=side_px)
        return TileImage(patches, cell, tensors, valid)

    def _cut(self, patches: TilePatches, cell: Cell, band: Band) -> NDArray[np.uint16]:
        """A band of one patch, at its native resolution."""
        bounds, extent = patches.bounds(cell), self.tile.extent
        left = (bounds.left_m - extent.ulx_m) // band.resolution_m
        top = (extent.uly_m - bounds.top_m) // band.resolution_m
        side = patches.grid.patch_size_m // band.resolution_m
        return self.tile.pixels[band.name][top : top + side, left : left + side]


def read_tile_images(
    product: L2aProduct,
    names: Sequence[str],
    *,
    patch_size_m: int,
    sentinel1: S1Source | None = None,
    threads: int = 1,
) -> TileImages:
    """Read the bands of a product that a model needs.

    Args:
        product: L2A product.
        names: bands of the images.
        patch_size_m: side of an image.
        sentinel1: where Sentinel-1 comes from; None if there is none.
        threads: how many GDAL may use to decode a raster.

    Raises:
        BandError: if Sentinel-1 is needed and there is none, or a band is unknown.
        ProductError: if a band is missing or damaged.
    """
    bands = select_bands(names)
    if sentinel1 is None and any(band.sensor == "s1" for band in bands):
        raise BandError("the model needs Sentinel-1", hint="give --s1-scenes, or a model that was trained with s2")
    tile = read_bands(product, [band.name for band in bands if band.sensor == "s2"], threads=threads)
    patches = TilePatches(product.name.tile, tile.extent, PatchGrid(tile.extent.side_m, patch_size_m))
    return TileImages(tile, patches, bands, sentinel1)
