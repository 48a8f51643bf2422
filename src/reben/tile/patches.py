"""Names and places of the patches of one tile."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from reben.core.grid import Bounds, PatchGrid, TileExtent
from reben.core.names import PatchName, TileName

Cell = tuple[int, int]
"""Column and row of a patch."""


@dataclass(frozen=True, slots=True)
class TilePatches:
    """All patches that a tile may have."""

    tile: TileName
    extent: TileExtent
    grid: PatchGrid

    def patch_id(self, cell: Cell) -> str:
        """Name of a patch."""
        return str(PatchName(self.tile, *cell, self.grid.index_width))

    def bounds(self, cell: Cell) -> Bounds:
        """Ground of a patch, in the tile's CRS."""
        return self.grid.bounds(*cell, ulx_m=self.extent.ulx_m, uly_m=self.extent.uly_m)

    def squares(self, cells: Sequence[Cell]) -> NDArray[np.object_]:
        """Outlines of patches, shapely polygons in the tile's CRS, shape (n,)."""
        bounds = [self.bounds(cell) for cell in cells]
        corners = np.array([(b.left_m, b.bottom_m, b.right_m, b.top_m) for b in bounds]).reshape(-1, 4)
        squares: NDArray[np.object_] = shapely.box(*corners.T)
        return squares
