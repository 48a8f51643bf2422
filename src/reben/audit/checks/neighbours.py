"""Orientation of images, as far as patches that lie side by side tell: their borders continue each other."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from reben.audit.copies.pairing import ground_of
from reben.audit.findings import Certainty, Evidence, Finding, Kind, Severity
from reben.audit.orientation import ORIENTATIONS, UPRIGHT
from reben.audit.seen import SeenPatch
from reben.audit.subject import Subject, ids_of
from reben.core.names import tile_of

_BANDS = ("B08", "B04", "B02", "VV")
_MUCH_SMOOTHER = 0.6
_FEWEST = 2

Pair = tuple[SeenPatch, SeenPatch, str]


def check_neighbours(subject: Subject) -> Iterator[Finding]:
    """All images lie another way than they should."""
    pairs = list(_pairs(subject.alone))
    band = next(
        (b for b in _BANDS if pairs and all(b in p.bands for first, second, _ in pairs for p in (first, second))), None
    )
    if band is None or len(pairs) < _FEWEST:
        return
    jumps = {orientation: _jump(pairs, band, number) for number, orientation in enumerate(ORIENTATIONS)}
    best = min(jumps.values())
    if not best < _MUCH_SMOOTHER * jumps[UPRIGHT]:
        return
    possible = [orientation.name for orientation, jump in jumps.items() if jump <= best * 1.000001]
    patches = {p.patch_id: p for first, second, _ in pairs for p in (first, second)}
    ways: list[Evidence] = list(possible)
    yield Finding(
        Kind.orientation,
        Severity.serious,
        f"Images are {' or '.join(possible)}: only so {len(pairs)} borders between neighbours continue each other in "
        f"{band} (the mean jump is {best:,.4g}, and {jumps[UPRIGHT]:,.4g} as they are).",
        Certainty.very_likely,
        patches=ids_of(patches.values()),
        evidence={"orientation": possible[0], "possible": ways, "pairs": len(pairs), "band": band},
    )


def _pairs(patches: list[SeenPatch]) -> Iterator[Pair]:
    """Patches of one tile and time that lie side by side: the left or upper one first."""
    places = {}
    for patch in patches:
        ground = ground_of(patch.patch_id)
        if ground is not None:
            places[tile_of(patch.patch_id), ground[1], ground[2]] = patch
    for (tile, column, row), patch in places.items():
        for step, side in (((1, 0), "right"), ((0, 1), "below")):
            other = places.get((tile, column + step[0], row + step[1]))
            if other is not None:
                yield patch, other, side


def _jump(pairs: list[Pair], band: str, number: int) -> float:
    """Mean absolute difference across borders, if images lay in one of the orientations."""
    undo = ORIENTATIONS[number].undo
    jumps = []
    for first, second, side in pairs:
        one, other = (_plain(p, band) for p in (first, second))
        if one.shape != other.shape or one.shape[0] != one.shape[1]:
            return float("inf")
        one, other = undo(one), undo(other)
        edges = (one[:, -1], other[:, 0]) if side == "right" else (one[-1], other[0])
        jumps.append(float(np.mean(np.abs(edges[0] - edges[1]))))
    return float(np.mean(jumps))


def _plain(patch: SeenPatch, band: str) -> NDArray[np.float64]:
    pixels: NDArray[np.float64] = np.nan_to_num(patch.bands[band].pixels.astype(np.float64))
    return pixels
