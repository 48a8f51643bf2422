"""Which acquisitions of a tile are taken for each season: those that show the most clear ground."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reben.core.names import TileName
from reben.rules.baselines import acquisition_of
from reben.rules.seasons import dated_season

_WHOLE = 100.0  # percent


@dataclass(frozen=True, slots=True)
class Candidate:
    """An acquisition of a tile in a catalogue."""

    id: str
    tile: TileName
    hidden_pct: float
    """Share of the tile that is cloudy or not covered at all."""


def hidden_pct(properties: Mapping[str, Any]) -> float:
    """Share of a tile, in percent, that is cloudy or not covered, as far as a catalogue tells it; 100 if it does not.

    `eo:cloud_cover` is a share of what is covered, and `s2:nodata_pixel_percentage` says how much is not.

    >>> hidden_pct({"eo:cloud_cover": 10, "s2:nodata_pixel_percentage": 50})
    55.0
    """
    cloud, empty = (_percent(properties.get(name)) for name in ("eo:cloud_cover", "s2:nodata_pixel_percentage"))
    if cloud is None:
        return _WHOLE
    return (empty or 0.0) + (_WHOLE - (empty or 0.0)) * cloud / _WHOLE


def _percent(value: object) -> float | None:
    is_share = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _WHOLE
    return float(value) if is_share and isinstance(value, int | float) else None


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
