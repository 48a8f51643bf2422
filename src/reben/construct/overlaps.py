"""Ground that two tiles of one season both show, and whether it falls into different splits.

Neighbouring tiles overlap by some ten kilometres. The paper's split puts the border of every tile into the training
set, so that what overlaps there within a season stays together (section II.B).
"""

from collections import defaultdict
from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from reben.core.names import PatchName
from reben.io.projection import project
from reben.rules.seasons import dated_season
from reben.tile.patches import TilePatches

_SMALLEST_OVERLAP_M2 = 1.0  # less is rounding


class Overlap(BaseModel):
    """Two tiles of one season with common ground."""

    model_config = ConfigDict(frozen=True)

    tiles: tuple[str, str]
    season: str
    """Such as `summer 2017`; a winter has the year in which it ends."""
    pairs: int = Field(validation_alias=AliasChoices("pairs", "pairs of patches"))
    """Pairs of patches, one of each tile, that have ground in common."""
    across_splits: int = Field(validation_alias=AliasChoices("across_splits", "pairs across splits"))
    """Pairs among them whose patches are in different splits."""


def overlaps(rows: pa.Table, tiles: Mapping[str, TilePatches]) -> list[Overlap]:
    """All pairs of tiles of one season that have patches with common ground, sorted by name.

    Args:
        rows: metadata rows.
        tiles: where each tile lies, by tile id.
    """
    patches = _patches_by_tile(rows)
    seasons: dict[str, list[str]] = defaultdict(list)
    for tile in sorted(patches):
        seasons[dated_season(tiles[tile].tile.sensing_time)].append(tile)
    found = [
        _overlap(season, (tiles[one], patches[one]), (tiles[other], patches[other]))
        for season, members in seasons.items()
        for one, other in combinations(members, 2)
    ]
    return sorted((overlap for overlap in found if overlap.pairs), key=lambda overlap: overlap.tiles)


_Splits = dict[tuple[int, int], str]
"""Split of each patch by column and row."""


def _patches_by_tile(rows: pa.Table) -> dict[str, _Splits]:
    patches: dict[str, _Splits] = defaultdict(dict)
    for name, split in zip(rows["patch_id"].to_pylist(), rows["split"].to_pylist(), strict=True):
        patch = PatchName.parse(name)
        patches[str(patch.tile)][patch.column, patch.row] = split
    return patches


def _overlap(season: str, one: tuple[TilePatches, _Splits], other: tuple[TilePatches, _Splits]) -> Overlap:
    pairs = _common_ground(_squares(*one), _squares(*other), one[0].extent.crs, other[0].extent.crs)
    splits = [np.array(list(part[1].values())) for part in (one, other)]
    across = int(np.count_nonzero(splits[0][pairs[0]] != splits[1][pairs[1]]))
    return Overlap(
        tiles=(str(one[0].tile), str(other[0].tile)), season=season, pairs=pairs.shape[1], across_splits=across
    )


def _squares(tile: TilePatches, patches: _Splits) -> NDArray[np.object_]:
    return tile.squares(list(patches))


def _common_ground(
    one: NDArray[np.object_], other: NDArray[np.object_], one_crs: str, other_crs: str
) -> NDArray[np.intp]:
    """Indices of the pairs that overlap, shape (2, pairs)."""
    if one_crs != other_crs:
        other = project(other, other_crs, one_crs)
    pairs: NDArray[np.intp] = shapely.STRtree(other).query(one, predicate="intersects")
    area_m2 = shapely.area(shapely.intersection(one[pairs[0]], other[pairs[1]]))
    return pairs[:, area_m2 > _SMALLEST_OVERLAP_M2]
