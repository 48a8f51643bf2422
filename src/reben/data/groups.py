"""What patches have in common: tile, season, country. One name per patch, in the order of the patches."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reben.core.names import Tile
from reben.core.seasons import meteorological_season
from reben.data.patches import Patches

Names = NDArray[np.str_]
"""Shape (patches,)."""

_PLACE_ON_TILE = r"_[0-9]+_[0-9]+$"


def tiles_of(patches: Patches) -> Names:
    """Tile id of each patch."""
    return _as_names(pc.replace_substring_regex(patches.ids, _PLACE_ON_TILE, ""))


def seasons_of(patches: Patches) -> Names:
    """Meteorological season of each patch: `winter`, `spring`, `summer` or `autumn`.

    Raises:
        NameFormatError: if a patch id does not begin with a tile id.
    """
    tiles, tile_of = np.unique(tiles_of(patches), return_inverse=True)
    return np.array([meteorological_season(Tile.parse(str(tile)).sensing_time) for tile in tiles])[tile_of]


def countries_of(patches: Patches, metadata: pa.Table) -> Names:
    """Country of each patch.

    Args:
        patches: which patches.
        metadata: table that lists them.
    """
    rows = pc.index_in(patches.ids, metadata["patch_id"])
    return _as_names(metadata["country"].combine_chunks().take(rows))


def _as_names(column: pa.StringArray) -> Names:
    return np.array(column.to_pylist())
