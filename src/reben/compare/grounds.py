"""The pieces of ground on which patches lie, and which of them have ground in common."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from reben.core.names import CELL_PATTERN, TileName
from reben.describe.footprints import Footprints
from reben.io.projection import project
from reben.rules.seasons import dated_season

_SMALLEST_OVERLAP_M2 = 1.0  # less is rounding
_FAR_ZONES = 1
"""Zones of UTM whose grounds can have ground in common: those beside each other."""
_ZONE = 100  # EPSG codes of the northern zones are 32601 to 32660, of the southern ones 32701 to 32760


@dataclass(frozen=True)
class Grounds:
    """Squares on the ground, each with the patches that lie on it."""

    of_patch: NDArray[np.int64]
    """Which ground each patch lies on, shape (n,)."""
    season_of_patch: NDArray[np.int64]
    """Which of `seasons` each patch was taken in, shape (n,)."""
    seasons: tuple[str, ...]
    """Such as `summer 2017`."""
    systems: tuple[str, ...]
    """Coordinate reference systems that occur, such as EPSG:32633."""
    system: NDArray[np.int64]
    """Which of them each ground has, shape (g,)."""
    squares: NDArray[np.object_]
    """Shapely squares in their own systems, metres, shape (g,)."""

    def __len__(self) -> int:
        return len(self.squares)

    def near(self, one: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.object_]]]:
        """The grounds of a system and of those beside it: indices, and squares in that system.

        Args:
            one: number of the system.
        """
        for other, crs in enumerate(self.systems):
            if _are_near(self.systems[one], crs):
                here = np.flatnonzero(self.system == other)
                squares = self.squares[here]
                yield here, squares if other == one else project(squares, crs, self.systems[one])


def grounds_of(patch_ids: pa.Array | pa.ChunkedArray, footprints: Footprints) -> Grounds:
    """The grounds of patches.

    Args:
        patch_ids: of the patches; they have their tile's name in front.
        footprints: where they lie.

    Raises:
        NameFormatError: if a patch has not the name of a tile in front.
    """
    corners = np.column_stack([footprints.system, footprints.bounds_m])
    unique, of_patch = np.unique(corners, axis=0, return_inverse=True)
    tiles = pc.replace_substring_regex(patch_ids, CELL_PATTERN, "")
    encoded = (tiles.combine_chunks() if isinstance(tiles, pa.ChunkedArray) else tiles).dictionary_encode()
    of_tile = [dated_season(TileName.parse(tile).sensing_time) for tile in encoded.dictionary.to_pylist()]
    seasons = tuple(sorted(set(of_tile)))
    season_of_tile = np.array([seasons.index(season) for season in of_tile], np.int64)
    return Grounds(
        of_patch.reshape(-1),
        season_of_tile[encoded.indices.to_numpy()],
        seasons,
        footprints.systems,
        unique[:, 0].astype(np.int64),
        shapely.box(*unique[:, 1:].T),
    )


def overlapping(grounds: Grounds) -> NDArray[np.int64]:
    """Pairs of different grounds that have ground in common, each pair once; shape (2, pairs)."""
    found = [np.empty((2, 0), np.int64)]
    for number in range(len(grounds.systems)):
        own = np.flatnonzero(grounds.system == number)
        tree = shapely.STRtree(grounds.squares[own])
        for others, squares in grounds.near(number):
            first, second = tree.query(squares, predicate="intersects")
            one, other = others[first], own[second]
            once = one < other
            area_m2 = shapely.area(shapely.intersection(squares[first[once]], grounds.squares[other[once]]))
            found.append(np.stack([one[once], other[once]])[:, area_m2 > _SMALLEST_OVERLAP_M2])
    pairs: NDArray[np.int64] = np.unique(np.concatenate(found, axis=1), axis=1)
    return pairs


def nearest_m(grounds: Grounds, source: NDArray[np.bool_], target: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance from each ground of a set to the nearest one of another set, edge to edge, in metres; 0 if they touch.

    Distances are measured in the projection of the first ground; those across the border of two zones are some parts
    of a thousand off.

    Args:
        grounds: all of them.
        source: which are in the first set, shape (g,).
        target: which are in the second, shape (g,).

    Returns:
        in the order of the first set; infinite where the second has none in its zone or the ones beside it.
    """
    distance = np.full(len(grounds), np.inf)
    for number in range(len(grounds.systems)):
        own = np.flatnonzero((grounds.system == number) & source)
        if not len(own):
            continue
        candidates = [squares[target[others]] for others, squares in grounds.near(number)]
        squares = np.concatenate(candidates)
        if len(squares):
            tree = shapely.STRtree(squares)
            (asked, _), metres = tree.query_nearest(grounds.squares[own], return_distance=True, all_matches=False)
            distance[own[asked]] = metres
    return distance[source]


def _are_near(one: str, other: str) -> bool:
    """Whether two systems may be of zones beside each other."""
    codes = [crs.removeprefix("EPSG:") for crs in (one, other)]
    if one == other or not all(code.isdigit() for code in codes):
        return True
    return (int(codes[0]) % _ZONE - int(codes[1]) % _ZONE) % 60 in {0, _FAR_ZONES, 60 - _FAR_ZONES}
