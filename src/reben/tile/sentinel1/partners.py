"""What a source of Sentinel-1 data gives to a tile."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reben.tile.patches import Cell, TilePatches


@dataclass(frozen=True, slots=True)
class S1Partner:
    """The Sentinel-1 patch on the ground of a Sentinel-2 patch."""

    name: str
    pixels: Mapping[str, NDArray[np.float32]]
    """Backscatter in dB by band (VV, VH), shape (side, side)."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """Patch files by band, if there are any: they are copied as they are."""


class S1Source(Protocol):
    """Where Sentinel-1 patches come from."""

    def partners(
        self, patches: TilePatches, cells: Sequence[Cell], v1_names: Mapping[Cell, str]
    ) -> Iterator[tuple[Cell, S1Partner]]:
        """Partners of the patches that have one, in any order.

        Args:
            patches: the tile.
            cells: which of its patches.
            v1_names: v1 name of each patch that stands for one.

        Raises:
            RasterError: if a raster is missing, damaged, or not what it should be.
        """
        ...

    def files_of(self, names: Iterable[str]) -> list[Path]:
        """Files from which partners were made, for checksums.

        Args:
            names: of the partners.
        """
        ...

    def remarks(self) -> tuple[str, ...]:
        """What users should know of the data."""
        ...
