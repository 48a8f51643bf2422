"""What patches have in common: tile, season, country. One name per patch, in the order of the patches."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reben.core.errors import NameFormatError
from reben.core.names import CELL_PATTERN, TileName
from reben.data.patches import Patches
from reben.rules.seasons import meteorological_season

Names = NDArray[np.str_]
"""Shape (patches,)."""


def tiles_of(patches: Patches) -> Names | None:
    """Tile id of each patch; None if the ids are of another data set and do not tell it."""
    tiles = _as_names(pc.replace_substring_regex(patches.ids, CELL_PATTERN, ""))
    return tiles if _parsed(np.unique(tiles)) is not None else None


def seasons_of(patches: Patches) -> Names | None:
    """Meteorological season of each patch: `winter`, `spring`, `summer` or `autumn`; None if the ids do not tell it."""
    names, tile_of = np.unique(
        _as_names(pc.replace_substring_regex(patches.ids, CELL_PATTERN, "")), return_inverse=True
    )
    tiles = _parsed(names)
    return None if tiles is None else np.array([meteorological_season(tile.sensing_time) for tile in tiles])[tile_of]


def _parsed(names: Names) -> list[TileName] | None:
    """Tiles by their names; None if one is not the name of a tile."""
    try:
        return [TileName.parse(str(name)) for name in names]
    except NameFormatError:
        return None


def countries_of(patches: Patches, metadata: pa.Table) -> Names | None:
    """Country of each patch, `unknown` where a table does not say it; None if none is known.

    Args:
        patches: which patches.
        metadata: table that lists them.
    """
    rows = pc.index_in(patches.ids, metadata["patch_id"])
    countries = metadata["country"].combine_chunks().take(rows)
    return None if countries.null_count == len(countries) else _as_names(countries.fill_null("unknown"))


def _as_names(column: pa.StringArray) -> Names:
    return np.array(column.to_pylist())
