"""What covers the ground of each patch, by the scene classification of an L2A product (SCL): clouds, shadows, snow.

Source: ESA, Sentinel-2 Level-2A Algorithm Theoretical Basis Document, table of classes of the scene classification.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reben.core.grid import PatchGrid, TileExtent
from reben.io.l2a_product import L2aProduct
from reben.io.tile_bands import read_tile_band

RESOLUTION_M = 20
"""Side of a pixel of the classification that is read."""

KINDS: Mapping[str, tuple[int, ...]] = {
    "cloud": (8, 9),  # medium and high probability
    "shadow": (3,),
    "cirrus": (10,),
    "snow": (11,),
    "nodata": (0, 1),  # no data, saturated or defective
}
"""Values of the classification by what they mean for a patch."""

_CLASSES = 12
_NODATA = 0


@dataclass(frozen=True, slots=True)
class Cover:
    """Shares of each patch of a tile that are covered."""

    shares: Mapping[str, NDArray[np.float32]]
    """By kind, from 0 to 1; shape (columns, rows) of patches."""

    def of(self, column: int, row: int) -> dict[str, float]:
        """Shares of one patch by kind."""
        return {kind: float(share[column, row]) for kind, share in self.shares.items()}

    def hidden(self) -> NDArray[np.float32]:
        """Share of each patch under clouds, their shadows or cirrus; shape (columns, rows)."""
        hidden: NDArray[np.float32] = self.shares["cloud"] + self.shares["shadow"] + self.shares["cirrus"]
        return hidden


def read_cover(
    products: Iterable[L2aProduct], extent: TileExtent, grid: PatchGrid, *, threads: int = 1
) -> Cover | None:
    """Shares of all patches of a tile.

    Args:
        products: of the tile; later ones fill what earlier ones do not show.
        extent: where the tile lies.
        grid: its patches.
        threads: how many GDAL may use to decode a raster.

    Returns:
        None if one of the products has no classification.

    Raises:
        ProductError: if a classification is damaged, or covers other ground than the bands.
    """
    classes: NDArray[np.uint8] | None = None
    for product in products:
        if product.scene_classes is None:
            return None
        _, found = read_tile_band(product.scene_classes, RESOLUTION_M, threads=threads, expected=extent, dtype="uint8")
        if classes is None:
            classes = found
        else:
            np.copyto(classes, found, where=classes == _NODATA)
    return None if classes is None else Cover(_shares(classes, grid))


def _shares(classes: NDArray[np.uint8], grid: PatchGrid) -> dict[str, NDArray[np.float32]]:
    side, patch_px = grid.patches_per_side, grid.patch_size_m // RESOLUTION_M
    covered = classes[: side * patch_px, : side * patch_px].reshape(side, patch_px, side, patch_px)
    shares = {}
    for kind, values in KINDS.items():
        table = np.zeros(256, np.bool_)
        table[list(values)] = True
        if kind == "nodata":
            table[_CLASSES:] = True  # what is no class says nothing
        share: NDArray[np.float32] = table[covered].mean(axis=(1, 3), dtype=np.float32).T
        shares[kind] = share
    return shares
