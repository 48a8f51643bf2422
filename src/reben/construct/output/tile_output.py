"""What writes the patches of one tile."""

from collections.abc import Sequence
from typing import Protocol

from reben.construct.land_cover.source import ReferenceMap
from reben.tile.bands import TileBands
from reben.tile.patches import Cell, TilePatches
from reben.tile.sentinel1.partners import S1Partner


class TileOutput(Protocol):
    """Takes the parts of a tile, Sentinel-1 first."""

    def write_s1(self, patches: TilePatches, cell: Cell, partner: S1Partner) -> None:
        """Write the Sentinel-1 partner of a patch; two tiles may have the same one."""
        ...

    def write_s2(self, patches: TilePatches, bands: TileBands, cells: Sequence[Cell]) -> None:
        """Write all bands of the patches."""
        ...

    def write_maps(self, patches: TilePatches, land_cover: ReferenceMap, cells: Sequence[Cell]) -> None:
        """Write the reference maps of the patches."""
        ...
