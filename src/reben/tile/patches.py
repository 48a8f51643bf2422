"""Names and places of the patches of one tile."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from reben.core.grid import Bounds, PatchGrid, TileGround
from reben.core.names import Patch, Tile

Place = tuple[int, int]
"""Column and row of a patch."""


@dataclass(frozen=True, slots=True)
class TilePatches:
    """All patches that a tile may have."""

    tile: Tile
    ground: TileGround
    grid: PatchGrid

    def patch_id(self, place: Place) -> str:
        """Name of a patch."""
        return str(Patch(self.tile, *place, self.grid.index_width))

    def bounds(self, place: Place) -> Bounds:
        """Ground of a patch, in the tile's CRS."""
        return self.grid.bounds(*place, ulx_m=self.ground.ulx_m, uly_m=self.ground.uly_m)

    def squares(self, places: Sequence[Place]) -> NDArray[np.object_]:
        """Outlines of patches, shapely polygons in the tile's CRS, shape (n,)."""
        bounds = [self.bounds(place) for place in places]
        corners = np.array([(b.left_m, b.bottom_m, b.right_m, b.top_m) for b in bounds]).reshape(-1, 4)
        squares: NDArray[np.object_] = shapely.box(*corners.T)
        return squares
