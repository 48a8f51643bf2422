"""What gives a tile its reference map: polygons that are burnt, or rasters that are resampled."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from reben.core.grid import TileExtent
from reben.io.legend_files import LandCoverFormat


@dataclass(frozen=True, slots=True)
class ReferenceMap:
    """Land cover of a whole tile."""

    codes: NDArray[np.uint16]
    """Code per 10 m pixel, shape (rows, columns)."""
    polygons: int = 0
    """Polygons that were burnt; 0 of rasters."""
    repaired: int = 0
    """Polygons among them that were invalid."""


class LandCover(Protocol):
    """Land cover of an area; workers get it, so it can be pickled."""

    @property
    def format(self) -> LandCoverFormat:
        """Legend and form of the data."""
        ...

    def on(self, extent: TileExtent) -> ReferenceMap:
        """Land cover of a tile.

        Raises:
            LandCoverError: if it has a code that the legend does not know, or cannot be read.
        """
        ...
