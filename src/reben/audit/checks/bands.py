"""What bands are, as far as a copy itself tells: by the size of their pixels, and by what is true of every real patch.

Each rule was held against the real patches beside the project, and is applied only where a patch has the contrast that
it needs: water, snow and cloud look alike in many bands.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from reben.audit.checks.resampling import shrunk_finding
from reben.audit.copies.pairing import is_s1
from reben.audit.findings import SENSOR_NAMES, Certainty, Evidence, Finding, Kind, Severity, counted, listed
from reben.audit.seen import SeenPatch
from reben.audit.subject import Subject, ids_of
from reben.core.bands import BANDS, S2_BANDS
from reben.core.wording import first_of

_AROUND_ZERO = 15.0
"""Standardised values are not so far below 0, and some of each patch in decibels are."""
_SWAPPED_DB = 1.0
"""By how much VH must exceed VV, which it does on no patch of land or sea."""
_INFRARED = ("B06", "B07", "B08", "B8A", "B09")
_ALIKE, _UNLIKE, _MUCH_NEARER = 0.95, 0.9, 0.3
_FEWEST_PATCHES = 3
_FEWEST_FOR_COLOURS = 4


def check_bands(subject: Subject) -> Iterator[Finding]:
    """Missing bands, one band under two names, and bands under each other's names."""
    yield from _missing_sensors(subject)
    yield from _missing(subject)
    yield from _unknown(subject)
    yield from _repeated(subject)
    alone = subject.alone
    resolutions = dict(_wrong_resolutions(alone))
    for sensor in ("s1", "s2"):
        coarse = {band: size for band, size in resolutions.items() if BANDS[band].sensor == sensor}
        yield from _of_resolutions(coarse, [band for band in subject.bands if BANDS[band].sensor == sensor])
    yield from _polarisations(alone)
    if not resolutions:
        yield from _infrared(alone)
        yield from _colours(alone)


def _missing_sensors(subject: Subject) -> Iterator[Finding]:
    """Sensors of which most patches have bands and some have none; without partners, nothing can be missing."""
    if any(is_s1(patch.patch_id) for patch in subject.patches):
        return
    for sensor, name in SENSOR_NAMES.items():
        lacking = [p for p in subject.patches if not any(BANDS[band].sensor == sensor for band in p.bands)]
        if 0 < 2 * len(lacking) < len(subject.patches):
            yield Finding(
                Kind.missing_band,
                Severity.serious,
                f"All bands of {name} are missing in {counted(len(lacking), len(subject.patches), 'patches')}: "
                f"{first_of(ids_of(lacking), 3)}.",
                bands=tuple(band for band in subject.bands if BANDS[band].sensor == sensor),
                patches=ids_of(lacking),
            )


def _missing(subject: Subject) -> Iterator[Finding]:
    """Bands that most patches have and some have not."""
    for band in subject.bands:
        having = subject.having(band)
        of_sensor = [p for p in subject.patches if any(BANDS[b].sensor == BANDS[band].sensor for b in p.bands)]
        lacking = [patch for patch in of_sensor if patch not in having]
        if lacking and len(having) > len(lacking):
            yield Finding(
                Kind.missing_band,
                Severity.serious,
                f"{band} is missing in {counted(len(lacking), len(of_sensor), 'patches')}.",
                bands=(band,),
                patches=ids_of(lacking),
            )


def _unknown(subject: Subject) -> Iterator[Finding]:
    names = sorted({name for patch in subject.patches for name in patch.others})
    if names and subject.bands:
        yield Finding(
            Kind.unknown_band,
            Severity.minor,
            f"{listed(names, most=5)}: no band of reBEN is called so, or it is there already under another name.",
            evidence={"names": names[:20]},
        )


def _repeated(subject: Subject) -> Iterator[Finding]:
    """Two names for the same pixels."""
    for number, first in enumerate(subject.bands):
        for second in subject.bands[number + 1 :]:
            both = [p for p in subject.having(first, second) if np.ptp(p.bands[first].pixels) > 0]
            if both and all(np.array_equal(p.bands[first].pixels, p.bands[second].pixels) for p in both):
                yield Finding(
                    Kind.repeated_band,
                    Severity.serious,
                    f"{first} and {second} hold the same pixels in {counted(len(both), len(both), 'patches')}.",
                    bands=(first, second),
                    patches=ids_of(both),
                )


def _wrong_resolutions(patches: Sequence[SeenPatch]) -> Iterator[tuple[str, int]]:
    """Bands whose pixels, once squares of equal ones are joined, are larger than those of the band should be."""
    for band in BANDS:
        sizes = [size for p in patches if band in p.bands and (size := p.bands[band].block_m) > 0]
        if sizes and min(sizes) > BANDS[band].resolution_m and min(sizes) % BANDS[band].resolution_m == 0:
            yield band, min(sizes)


def _of_resolutions(resolutions: Mapping[str, int], present: Sequence[str]) -> Iterator[Finding]:
    """What it means that bands of one sensor are coarse: all of the finest were shrunk, or other bands lie there."""
    if not resolutions:
        return
    finest = min(BANDS[band].resolution_m for band in present)
    if all(band in resolutions for band in present if BANDS[band].resolution_m == finest):
        yield shrunk_finding(resolutions)
        return
    text = listed([f"{band} ({size} m instead of {BANDS[band].resolution_m} m)" for band, size in resolutions.items()])
    alphabetical = resolutions == {"B8A": 60}
    order: dict[str, Evidence] = {"B8A": "B09", "B09": "B11", "B11": "B12", "B12": "B8A"}
    yield Finding(
        Kind.swapped_bands if alphabetical else Kind.wrong_band,
        Severity.serious,
        f"The pixels of {text} are larger than those of the band: another band lies under the name."
        + (" So it is where names were sorted as text: B09, B11 and B12 come before B8A." if alphabetical else ""),
        bands=tuple(order) if alphabetical else tuple(resolutions),
        evidence={"pixel_m": dict(resolutions), **({"shows": order} if alphabetical else {})},
    )


def _polarisations(patches: Sequence[SeenPatch]) -> Iterator[Finding]:
    both = [p for p in patches if {"VV", "VH"} <= set(p.bands)]
    differences = [_level(p, "VV") - _level(p, "VH") for p in both]
    if both and max(differences) < -_margin(both):
        yield Finding(
            Kind.swapped_bands,
            Severity.serious,
            f"VV and VH are swapped: what is called VV is weaker than what is called VH in "
            f"{counted(len(both), len(both), 'patches')}, by {-float(np.mean(differences)):.3g} on average; "
            "co-polarised backscatter is the stronger one on land and sea.",
            certainty=Certainty.very_likely,
            bands=("VV", "VH"),
            evidence={"shows": {"VV": "VH", "VH": "VV"}, "mean_difference": round(float(np.mean(differences)), 4)},
        )


def _level(patch: SeenPatch, band: str) -> float:
    return float(np.nanmedian(patch.bands[band].pixels.astype(np.float64)))


def _mean(patch: SeenPatch, band: str) -> float:
    return float(np.nanmean(patch.bands[band].pixels.astype(np.float64)))


def _margin(patches: Sequence[SeenPatch]) -> float:
    """A margin in the unit of the values: 1 dB, or a share of linear ones.

    It is infinite where each band or image was scaled by numbers of its own, so that levels say nothing.
    """
    values = [p.bands[band].pixels.astype(np.float64) for p in patches for band in ("VV", "VH")]
    lowest, spread = min(np.nanmin(x) for x in values), float(np.mean([np.nanstd(x) for x in values]))
    if lowest < -_AROUND_ZERO:
        return _SWAPPED_DB
    stretched = any(np.nanmin(x) >= 0 and np.nanmax(x) in {1.0, 255.0} for x in values)
    return float("inf") if lowest < 0 or stretched else 0.2 * spread


def _infrared(patches: Sequence[SeenPatch]) -> Iterator[Finding]:
    """B8A lies inside of B08's range and looks like it on every patch; what does not is another band."""
    usable = [p for p in patches if {"B08", "B8A"} <= set(p.bands)]
    features = [_features(p) for p in usable]
    vivid = [f for f in features if {"B08", "B8A"} <= set(f)]
    if len(vivid) < _FEWEST_PATCHES:
        return
    own = np.array([float((f["B08"] * f["B8A"]).sum()) for f in vivid])
    candidates = {
        band: np.array([float((f["B08"] * f[band]).sum()) for f in vivid])
        for band in S2_BANDS
        if band not in _INFRARED and all(band in f for f in vivid)
    }
    nearer = {b: r for b, r in candidates.items() if (1 - r < _MUCH_NEARER * (1 - own)).all() and r.min() > _ALIKE}
    if not nearer or own.mean() > _UNLIKE:
        return
    best = max(nearer, key=lambda b: float(nearer[b].min()))
    shows: dict[str, Evidence] = {best: "B8A"}
    bands = [best, "B8A"]
    text = f"What is called {best} is B8A"
    cycle = {"B8A": "B11", "B11": "B12", "B12": "B8A"}
    if best == "B12" and _is_cycle(vivid):
        shows, bands = dict(cycle), list(cycle)
        text = (
            "The order of bands is that of names sorted as text: what is called B8A is B11, B11 is B12 and B12 is B8A"
        )
    yield Finding(
        Kind.swapped_bands if len(shows) > 1 else Kind.wrong_band,
        Severity.serious,
        f"{text}. On every patch B08 looks like {best} (correlation {nearer[best].min():.3f} at least), and not like "
        f"what is called B8A ({own.mean():.3f} on average).",
        certainty=Certainty.very_likely,
        bands=tuple(bands),
        evidence={
            "shows": shows,
            "correlation": round(float(nearer[best].min()), 4),
            "own_correlation": round(float(own.mean()), 4),
        },
    )


def _is_cycle(features: Sequence[Mapping[str, NDArray[np.float64]]]) -> bool:
    """Whether B8A and B11 look like B11 and B12: alike, and the second one nearer to red."""
    if not all({"B04", "B8A", "B11"} <= set(f) for f in features):
        return False
    alike = np.mean([(f["B8A"] * f["B11"]).sum() for f in features])
    redder = [float((f["B11"] * f["B04"]).sum() - (f["B8A"] * f["B04"]).sum()) for f in features]
    return bool(alike > 0.7 and np.mean(redder) > 0)  # noqa: PLR2004 - B11 and B12 correlate by 0.8 and more


def _features(patch: SeenPatch) -> dict[str, NDArray[np.float64]]:
    """Coarse features of the bands of Sentinel-2, where the patch has contrast in the infrared."""
    pixels = patch.bands["B08"].pixels.astype(np.float64) if "B08" in patch.bands else None
    if pixels is None or not float(np.nanstd(pixels)) > 0.15 * abs(float(np.nanmean(pixels))):  # a share
        return {}
    found = {name: seen.features for name, seen in patch.bands.items()}
    return {name: feature for name, feature in found.items() if feature is not None}


def _colours(patches: Sequence[SeenPatch]) -> Iterator[Finding]:
    """Red varies more like the short-wave infrared than blue does, and is brighter on land; both reversed: swapped."""
    needed = {"B02", "B04", "B08", "B12"}
    features = [(p, f) for p in patches if needed <= set(p.bands) and needed <= set(f := _features(p))]
    if len(features) < _FEWEST_FOR_COLOURS:
        return
    nearer = [float((f["B02"] * f["B12"]).sum() - (f["B04"] * f["B12"]).sum()) for _, f in features]
    brighter = [_mean(p, "B02") - _mean(p, "B04") for p, _ in features]
    raw = all(p.bands["B02"].pixels.min() >= 0 for p, _ in features)
    if raw and min(nearer) > 0 and min(brighter) > 0:
        yield Finding(
            Kind.swapped_bands,
            Severity.serious,
            f"Red and blue are swapped: in {counted(len(features), len(features), 'patches')} with contrast, what is "
            "called B02 is brighter than B04 and varies more like B12, as red does.",
            certainty=Certainty.likely,
            bands=("B02", "B04"),
            evidence={"shows": {"B02": "B04", "B04": "B02"}, "patches": len(features)},
        )
