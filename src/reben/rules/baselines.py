"""Processing baselines: of an acquisition that was processed several times, the newest baseline is taken."""

from collections.abc import Hashable, Mapping
from pathlib import Path

from reben.core.names import TileName


def acquisition_of(tile: TileName) -> Hashable:
    """Return what two tile ids have in common if they show the same ground at the same time, at the same level."""
    return tile.mission, tile.level, tile.sensing_time, tile.orbit, tile.mgrs


def superseded(tiles: Mapping[Path, TileName]) -> dict[Path, str]:
    """Return the products whose acquisition is there in a newer processing baseline, too, and say so for each.

    Args:
        tiles: tile id by product.

    >>> old, new = (f"S2A_MSIL1C_20180613T101031_{baseline}_R022_T33UUP" for baseline in ("N0206", "N0500"))
    >>> superseded({Path("old"): TileName.parse(old), Path("new"): TileName.parse(new)})
    {PosixPath('old'): 'has processing baseline N0206; the same acquisition is there in N0500'}
    """
    newest: dict[Hashable, str] = {}
    for tile in tiles.values():
        newest[acquisition_of(tile)] = max(newest.get(acquisition_of(tile), ""), tile.baseline)
    return {
        path: f"has processing baseline N{tile.baseline}; the same acquisition is there in N{newer}"
        for path, tile in tiles.items()
        if tile.baseline != (newer := newest[acquisition_of(tile)])
    }
