"""Units, scales and precision, as far as values tell without published ones beside them.

Published reflectance is whole numbers, and published backscatter decibels in single precision: what was done to either
leaves traces that follow from arithmetic.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.audit.findings import (
    Certainty,
    Evidence,
    Finding,
    Kind,
    Severity,
    band_names,
    listed,
    merged_evidence,
    plural,
)
from reben.audit.subject import Subject
from reben.core.backscatter import HIGHEST_DB, LOWEST_DB
from reben.core.band_statistics import PUBLISHED_STATISTICS
from reben.core.bands import BANDS

Fault = tuple[Kind, Severity, Certainty, str, dict[str, Evidence]]
Judge = Callable[[str, NDArray[Any]], Fault | None]  # of the band, and its pixels

_HALF_FEWEST = 100
"""Pixels that half precision must have spared by chance, of which each has a chance of one half or less."""
_PILE, _FEWEST_PILED = 0.002, 20
_SNAP_FLOOR_DB = -60.0
"""What SNAP leaves of pixels below the noise is one value of -74 to -76 dB."""
_BRIGHTEST = 10_000
"""Reflectance of 1; clouds are brighter, and sensors are saturated somewhere above."""
_NEAR = 0.05
"""Share of the standard deviation within which few pixels lie beside a pile."""
_MANY_MORE = 3
_NEARLY = 0.05
_PART_OF_STEP, _NEARLY_ALL = 0.15, 0.99
_QUANTIFICATION = 10_000
"""By which digital numbers are divided to get reflectance (ESA's `QUANTIFICATION_VALUE`)."""
_MOST_VALUES = 20_000


def check_units(subject: Subject) -> Iterator[Finding]:
    """Judge each band by its values alone; bands with the same fault in one finding."""
    faults: dict[tuple[Kind, str], list[tuple[str, Fault]]] = defaultdict(list)
    values = {band: _values(subject, band) for band in subject.bands}
    for band, pixels in values.items():
        if pixels is None:
            continue
        for judge in _JUDGES[BANDS[band].sensor]:
            fault = judge(band, pixels)
            if fault is not None:
                faults[fault[0], fault[3]].append((band, fault))
                break
        clipped = _limited(band, pixels, _parts(subject, band))
        if clipped is not None:
            faults[clipped[0], clipped[3]].append((band, clipped))
    for found in faults.values():
        yield _finding(found)
    yield from _linear(values)


def _values(subject: Subject, band: str) -> NDArray[Any] | None:
    """Finite pixels of a band in patches without published ones; None if there are none that vary."""
    parts = _parts(subject, band)
    pixels = np.concatenate(parts) if parts else np.zeros(0)
    return pixels if pixels.size and np.ptp(pixels) > 0 else None


def _parts(subject: Subject, band: str) -> list[NDArray[Any]]:
    """The same of each patch that has any, at the resolution of the band."""
    parts = (patch.bands[band].native.ravel() for patch in subject.alone if band in patch.bands)
    return [finite for part in parts if (finite := part[np.isfinite(part)]).size]


def _finding(found: Sequence[tuple[str, Fault]]) -> Finding:
    bands = [band for band, _ in found]
    kind, severity, certainty, text, _ = found[0][1]
    evidence = merged_evidence({band: fault[4] for band, fault in found})
    verb = plural(bands, "is", "are")
    return Finding(kind, severity, f"{band_names(bands)} {verb} {text}.", certainty, tuple(bands), evidence=evidence)


def _whole(pixels: NDArray[Any]) -> bool:
    return pixels.dtype.kind in "iu" or bool((pixels == np.rint(pixels)).all())


def _half(pixels: NDArray[Any]) -> bool:
    """Whether half precision loses nothing of values of which it would lose something by chance."""
    if pixels.dtype == np.float16:
        return True
    exact = pixels.astype(np.float64)
    risky = exact[exact != 0]
    with np.errstate(over="ignore"):
        return len(risky) >= _HALF_FEWEST and bool((risky.astype(np.float16).astype(np.float64) == risky).all())


def _backscatter_unit(_band: str, pixels: NDArray[Any]) -> Fault | None:
    """Whole numbers, numbers beyond decibels, or half precision."""
    lowest, highest = float(pixels.min()), float(pixels.max())
    if lowest < 10 * LOWEST_DB or highest > 10 * HIGHEST_DB:
        if _whole(pixels) and 10 * LOWEST_DB > lowest > 100 * LOWEST_DB:
            return Kind.scaled, Severity.serious, Certainty.very_likely, "decibels times 100", {"divisor": 0.01}
        evidence: dict[str, Evidence] = {"lowest": lowest, "highest": highest}
        return Kind.unit, Severity.serious, Certainty.certain, "beyond any backscatter in decibels", evidence
    if _whole(pixels):
        if pixels.dtype == np.uint8 or lowest >= 0:
            return (
                Kind.scaled,
                Severity.serious,
                Certainty.certain,
                "whole numbers from 0 on, not decibels",
                {"lowest": lowest},
            )
        return Kind.rounded, Severity.serious, Certainty.certain, "cut or rounded to whole decibels", {"how": "unknown"}
    if _half(pixels):
        text = "rounded to half precision (float16)"
        return Kind.precision, Severity.minor, Certainty.certain, text, {"dtype": "float16"}
    return None


def _standardised_backscatter(_band: str, pixels: NDArray[Any]) -> Fault | None:
    """Values from 0 to 1, or around 0 on both sides: decibels of land and sea are negative for the most part."""
    exact = pixels.astype(np.float64)
    if exact.min() == 0 and exact.max() == 1 and not _whole(pixels):
        text = "stretched to the range from 0 to 1"
        return Kind.scaled, Severity.serious, Certainty.certain, text, {"highest": 1.0}
    positive = float(np.mean(exact > 0))
    if exact.min() < 0 and exact.min() > -8 and exact.max() < 12 and positive > 0.1 and np.std(exact) < 2:  # noqa: PLR2004
        text = "around 0 on both sides, as standardised values are, not decibels"
        return Kind.standardised, Severity.serious, Certainty.very_likely, text, {"statistics": "unknown"}
    return None


def _reflectance_unit(_band: str, pixels: NDArray[Any]) -> Fault | None:
    """Whole numbers with a sign, in eight bits or in half precision."""
    if pixels.dtype == np.uint8:
        text = "stored in eight bits (0 to 255); published reflectance has sixteen"
        return Kind.scaled, Severity.serious, Certainty.certain, text, {"dtype": "uint8"}
    if pixels.dtype == np.float16:
        text = "rounded to half precision (float16)"
        return Kind.precision, Severity.minor, Certainty.certain, text, {"dtype": "float16"}
    if _whole(pixels) and pixels.min() < 0:
        lowest = float(pixels.min())
        text = "negative in places: an offset was subtracted that published values do not have"
        return Kind.offset, Severity.serious, Certainty.certain, text, {"lowest": lowest}
    return None


def _reflectance_scale(band: str, pixels: NDArray[Any]) -> Fault | None:
    """Whole numbers that were scaled or standardised: the step between neighbouring values tells by what."""
    exact = pixels.astype(np.float64)
    if _nearly_whole(exact):
        return None  # as published; dark water is below 255 in all bands, so that small numbers tell nothing
    if exact.min() >= 0 and _nearly_whole(exact * _QUANTIFICATION):
        return _divided(_QUANTIFICATION)
    published = PUBLISHED_STATISTICS[band]
    if exact.min() < 0 and _nearly_whole(exact * published.std + published.mean):
        text = "standardised with reBEN's mean and standard deviation"
        return Kind.standardised, Severity.minor, Certainty.certain, text, {"statistics": "reBEN"}
    step = _step(pixels)
    if step is None or (exact.min() == 0 and exact.max() == 1):
        return _unit_range(pixels)
    multiples = np.abs(exact / step - np.rint(exact / step)) < _PART_OF_STEP
    if exact.min() >= 0 and np.mean(multiples) > _NEARLY_ALL:
        return _divided(float(f"{1 / step:.3g}"))
    return _standardised_otherwise(step)


def _standardised_otherwise(step: float) -> Fault:
    text = "standardised, with a mean and standard deviation that are not reBEN's"
    numbers: dict[str, Evidence] = {"statistics": "other", "std": round(1 / step, 1)}
    return Kind.standardised, Severity.serious, Certainty.very_likely, text, numbers


def _divided(divisor: float) -> Fault:
    text = f"the published values divided by {divisor:,g}"
    return Kind.scaled, Severity.serious, Certainty.certain, text, {"divisor": divisor}


def _nearly_whole(exact: NDArray[np.float64]) -> bool:
    """Whether values are whole numbers but for what single precision leaves of a product."""
    return bool(np.abs(exact - np.rint(exact)).max() < _NEARLY)


def _unit_range(pixels: NDArray[Any]) -> Fault | None:
    """Values without a common step that lie between 0 and 1: scaled by ranges of their own."""
    if pixels.min() >= 0 and pixels.max() <= 1:
        text = "stretched to the range from 0 to 1, each image or band by a range of its own"
        return Kind.scaled, Severity.serious, Certainty.very_likely, text, {"highest": float(pixels.max())}
    if pixels.min() < 0:
        text = "standardised in some way that leaves no common step between values"
        return Kind.standardised, Severity.serious, Certainty.very_likely, text, {"statistics": "unknown"}
    return None


def _step(pixels: NDArray[Any]) -> float | None:
    """The step of which all distances between values are multiples; None if there is none.

    Neighbouring values give a first guess, which values further apart then make more exact.
    """
    values = np.unique(pixels.astype(np.float64))[:_MOST_VALUES]
    gaps = np.diff(values)
    noise = 4e-7 * float(np.abs(values).max()) if pixels.dtype != np.float64 else 1e-12 * float(np.abs(values).max())
    gaps = gaps[gaps > 3 * noise]
    if len(gaps) < _FEWEST_PILED:
        return None
    smallest = float(np.median(gaps[gaps < 1.5 * gaps.min()]))
    if smallest < 10 * noise:
        return None
    offsets = values - values[0]
    for reach in (30, 300, 3000, 30_000):
        near = offsets[offsets < reach * smallest]
        counts = np.rint(near / smallest)
        if (counts > 0).any():
            smallest = float((near * counts).sum() / (counts * counts).sum())
    counts = np.rint(offsets / smallest)
    whole = np.abs(offsets - counts * smallest) < _PART_OF_STEP * smallest
    return smallest if np.mean(whole) > _NEARLY_ALL else None


def _limited(band: str, pixels: NDArray[Any], parts: Sequence[NDArray[Any]]) -> Fault | None:
    """Many pixels at the highest value, in most patches, and hardly any just below it: values were cut off.

    In few patches that may be clouds, in which sensors are saturated.
    """
    if pixels.dtype == np.uint8:
        return None
    exact = pixels.astype(np.float64)
    near = _NEAR * float(np.std(exact))
    reflectance = BANDS[band].sensor == "s2"
    ends: dict[str, Evidence] = {}
    for name, end in (("highest", float(exact.max())), ("lowest", float(exact.min()))):
        piled = int(np.count_nonzero(exact == end))
        beside = int(np.count_nonzero((exact != end) & (np.abs(exact - end) < near)))
        possible = end > _BRIGHTEST or name == "lowest" if reflectance else end < _SNAP_FLOOR_DB or _whole(pixels)
        reached = sum(bool((part == end).any()) for part in parts)
        piles = piled >= max(_FEWEST_PILED, _PILE * len(exact)) and piled > _MANY_MORE * beside
        if not possible and piles and reached > max(1, len(parts) / 2):
            ends[name] = float(f"{end:.6g}")
    if not ends:
        return None
    text = "cut off " + " and ".join(f"{'above' if n == 'highest' else 'below'} {v:,g}" for n, v in ends.items())
    return Kind.clipped, Severity.serious, Certainty.very_likely, text, ends


def _linear(values: dict[str, NDArray[Any] | None]) -> Iterator[Finding]:
    """Backscatter that is never negative: linear power, or its root, the amplitude."""
    found = {
        band: pixels
        for band in ("VV", "VH")
        if (pixels := values.get(band)) is not None and pixels.min() >= 0 and not _whole(pixels)
    }
    if not found or any(pixels.max() == 1.0 and pixels.min() == 0.0 for pixels in found.values()):
        return
    decibels = {band: 10 * np.log10(np.maximum(pixels.astype(np.float64), 1e-12)) for band, pixels in found.items()}
    misfits = {
        unit: sum(_misfit(band, factor * db) for band, db in decibels.items())
        for unit, factor in (("power", 1.0), ("amplitude", 2.0))
    }
    unit = min(misfits, key=lambda name: misfits[name])
    yield Finding(
        Kind.unit,
        Severity.serious,
        f"{listed(list(found))} {plural(list(found), 'is', 'are')} linear {unit} instead of decibels: no "
        "value is negative.",
        Certainty.very_likely,
        tuple(found),
        evidence={"unit": unit},
    )


def _misfit(band: str, db: NDArray[np.float64]) -> float:
    """How far decibels lie from the published ones: in their level, and in how much speckle scatters them."""
    published = PUBLISHED_STATISTICS[band]
    level = (float(np.median(db)) - published.mean) / published.std
    return level**2 + float(np.log(float(np.std(db)) / published.std)) ** 2


_JUDGES: dict[str, tuple[Judge, ...]] = {
    "s1": (_standardised_backscatter, _backscatter_unit),
    "s2": (_reflectance_unit, _reflectance_scale),
}
