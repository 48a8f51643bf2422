"""Which product the reflectance of a copy comes from, as far as it tells itself: its level, and its offset."""

from collections.abc import Iterator

import numpy as np

from reben.audit.findings import Certainty, Finding, Kind, Severity, counted
from reben.audit.seen import SeenPatch
from reben.audit.subject import Subject, ids_of
from reben.core.bands import S2_BANDS

_OFFSET = 1000
"""Of newer processing baselines (`BOA_ADD_OFFSET`), which published values do not have."""
_DARK = 500
"""How far above the offset some pixel of a patch lies at most, in the band in which it is darkest."""
_ABSORBED = 0.75
"""Water vapour takes more than a quarter of B09 above the atmosphere; at the ground B09 is like B8A."""
_BRIGHT = 1500
_FEWEST = 4
_FEWEST_L1C = 2


def check_levels(subject: Subject) -> Iterator[Finding]:
    """Reflectance above the atmosphere, and reflectance with an offset."""
    patches = [p for p in subject.alone if _is_reflectance(p)]
    offset = _has_offset(patches)
    if offset:
        yield Finding(
            Kind.offset,
            Severity.serious,
            f"Reflectance has an offset of +{_OFFSET:,}: no pixel of {counted(len(patches), len(patches), 'patches')} "
            f"lies below {_OFFSET + 1:,} in any band, and in most some lie little above it.",
            Certainty.likely,
            patches=ids_of(patches),
            evidence={"offset": _OFFSET},
        )
    yield from _above_the_atmosphere(patches, _OFFSET if offset else 0)


def _is_reflectance(patch: SeenPatch) -> bool:
    """Whether the patch has several bands of Sentinel-2 as digital numbers."""
    own = [patch.bands[band].pixels for band in S2_BANDS if band in patch.bands]
    return len(own) >= 3 and all(np.isfinite(p).all() and p.max() > 255 and p.min() >= 0 for p in own)  # noqa: PLR2004


def _has_offset(patches: list[SeenPatch]) -> bool:
    if len(patches) < _FEWEST:
        return False
    lowest = [min(int(p.bands[b].pixels.min()) for b in S2_BANDS if b in p.bands) for p in patches]
    return min(lowest) > _OFFSET and float(np.mean(np.array(lowest) < _OFFSET + _DARK)) > 0.7  # noqa: PLR2004 - most


def _above_the_atmosphere(patches: list[SeenPatch], offset: int) -> Iterator[Finding]:
    """B09 much darker than B8A on bright ground, in every patch: nobody has corrected for water vapour."""
    judged = [
        (p, (_median(p, "B09") - offset) / (_median(p, "B8A") - offset))
        for p in patches
        if all(band in p.bands and p.bands[band].has_its_resolution for band in ("B09", "B8A"))
        and _median(p, "B8A") - offset > _BRIGHT
    ]
    if len(judged) < _FEWEST_L1C or max(ratio for _, ratio in judged) >= _ABSORBED:
        return
    ratio = float(np.mean([ratio for _, ratio in judged]))
    yield Finding(
        Kind.level,
        Severity.grave,
        f"Reflectance is that above the atmosphere (L1C), not at the ground (L2A): B09, which water vapour absorbs, "
        f"has {ratio:.0%} of B8A in {counted(len(judged), len(patches), 'patches')}; in published patches it "
        "has about as much.",
        Certainty.very_likely,
        patches=ids_of(p for p, _ in judged),
        evidence={"level": "L1C", "ratio": round(ratio, 4)},
    )


def _median(patch: SeenPatch, band: str) -> float:
    return float(np.median(patch.bands[band].pixels))
