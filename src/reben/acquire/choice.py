"""Which acquisitions of a tile are taken for each season: those that show the most clear ground."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from reben.core.names import TileName
from reben.rules.baselines import acquisition_of
from reben.rules.seasons import dated_season


@dataclass(frozen=True, slots=True)
class Candidate:
    """An acquisition of a tile in a catalogue."""

    id: str
    tile: TileName
    hidden_pct: float
    """Share of the tile that is cloudy or not covered at all."""


def best_per_season(candidates: Iterable[Candidate], number: int) -> list[str]:
    """Ids of the best acquisitions of each tile and season, sorted; of several baselines the newest.

    Args:
        candidates: of any tiles and times.
        number: of acquisitions per tile and season.
    """
    newest: dict[object, Candidate] = {}
    for candidate in sorted(candidates, key=lambda candidate: (candidate.tile.baseline, candidate.id)):
        newest[acquisition_of(candidate.tile)] = candidate
    groups: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
    for candidate in newest.values():
        groups[candidate.tile.mgrs, dated_season(candidate.tile.sensing_time)].append(candidate)
    return sorted(
        candidate.id
        for group in groups.values()
        for candidate in sorted(group, key=lambda candidate: (candidate.hidden_pct, candidate.id))[:number]
    )
