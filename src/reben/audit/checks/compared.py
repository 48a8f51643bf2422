"""Bands held against the published values of the same patches: what they show, where, and what was done to values."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.audit.checks.resampling import shrunk_finding
from reben.audit.explanation import SINGLE, Step, explain
from reben.audit.findings import (
    SENSOR_NAMES,
    Certainty,
    Evidence,
    Finding,
    Kind,
    Severity,
    band_names,
    counted,
    listed,
    merged_evidence,
    plural,
)
from reben.audit.matching import BandMatch, Matches, PatchMatch, Unit, where_from
from reben.audit.orientation import UPRIGHT
from reben.audit.resampling import Method
from reben.audit.subject import Subject
from reben.core.bands import BANDS, S2_BANDS
from reben.core.wording import first_of

Explained = Mapping[str, list[Step] | None]
"""What was done to each band."""

_SEVERITIES = {
    Kind.unit: Severity.serious,
    Kind.scaled: Severity.serious,
    Kind.standardised: Severity.serious,
    Kind.offset: Severity.serious,
    Kind.rounded: Severity.serious,
    Kind.precision: Severity.minor,
    Kind.clipped: Severity.serious,
}
_SLACK = 2.0
"""Digital numbers by which values may differ that were recovered from rounded, interpolated ones."""
_HIGH = 0.8
_AIR = 150
"""Least difference, in digital numbers, between what the air adds to B01 and to B04."""
_ABSORBED = -300
"""Most that water vapour leaves of the difference of B09 and B8A that the published values have, in digital numbers."""


def check_compared(subject: Subject) -> Iterator[Finding]:
    """Everything that follows from published values beside those of the copy."""
    if not subject.compared:
        return
    matches = subject.matches
    yield from _orientations(matches)
    yield from _shifts(matches)
    yield from _elsewhere(subject, matches)
    explained = {band: _explained(band, found, matches.patches) for band, found in matches.bands.items()}
    yield from _wrong_bands(matches, explained)
    yield from _values(matches, explained)
    yield from _changed(matches, explained)


def _orientations(matches: Matches) -> Iterator[Finding]:
    """Images that are flipped or turned: whole patches, or single bands of them."""
    seen: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for patch in matches.patches:
        for band, orientation in patch.orientations.items():
            if orientation is not UPRIGHT and BANDS[band].sensor not in patch.elsewhere:
                seen[orientation.name][band].append(patch.patch.patch_id)
    total = len(matches.patches)
    for name, by_band in seen.items():
        groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for band, ids in by_band.items():
            groups[tuple(ids)].append(band)
        for names, bands in groups.items():
            several = f"the images of {counted(len(names), total, 'patches')} are {name}"
            if set(bands) != set(matches.bands):
                verb = plural(bands, "is", "are")
                several = f"{band_names(bands)} {verb} {name} in {counted(len(names), total, 'patches')}"
            yield Finding(
                Kind.orientation,
                Severity.serious,
                f"{several}.",
                bands=tuple(bands),
                patches=names,
                evidence={"orientation": name},
            )


def _shifts(matches: Matches) -> Iterator[Finding]:
    """Images that lie some metres away."""
    by_shift: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for patch in matches.patches:
        for band, shift in patch.shifts.items():
            by_shift[shift].append((patch.patch.patch_id, band))
    for (right, down), places in by_shift.items():
        ids = list(dict.fromkeys(name for name, _ in places))
        bands = [band for band in BANDS if band in {band for _, band in places}]
        moves = [f"{abs(m)} m to the {word}" for m, word in ((right, "right" if right > 0 else "left"),) if m]
        moves += [f"{abs(down)} m {'down' if down > 0 else 'up'}"] if down else []
        yield Finding(
            Kind.shift,
            Severity.serious,
            f"{band_names(bands)} {plural(bands, 'lies', 'lie')} {' and '.join(moves)} of where "
            f"{plural(bands, 'it', 'they')} should in {counted(len(ids), len(matches.patches), 'patches')}.",
            bands=tuple(bands),
            patches=tuple(ids),
            evidence={"right_m": right, "down_m": down},
        )


def _elsewhere(subject: Subject, matches: Matches) -> Iterator[Finding]:
    """Patches whose pixels are those of another patch, or of none."""
    shown: dict[tuple[str, ...], dict[str, Evidence]] = defaultdict(dict)
    for patch in matches.patches:
        origins = {sensor: where_from(patch, sensor, subject.compared) for sensor in patch.elsewhere}
        for origin in dict.fromkeys(origins.values()):
            sensors = tuple(sensor for sensor, own in origins.items() if own == origin)
            shown[sensors][patch.patch.patch_id] = origin
    for sensors, by_patch in shown.items():
        first, shown_there = next(iter(by_patch.items()))
        whose = f"those of {shown_there}" if shown_there else "of something that no published band looks like"
        yield Finding(
            Kind.other_patch,
            Severity.grave,
            f"The pixels of {listed([SENSOR_NAMES[sensor] for sensor in sensors])} are not those of the patch in "
            f"{counted(len(by_patch), len(matches.patches), 'patches')}; under {first} they are {whose}.",
            bands=tuple(band for band in matches.bands if BANDS[band].sensor in sensors),
            patches=tuple(by_patch),
            evidence={"shows": dict(by_patch), "sensors": list(sensors)},
        )


def _wrong_bands(matches: Matches, explained: Explained) -> Iterator[Finding]:
    """Bands that are called what they are not: one by one, or as an order that was mixed up."""
    wrong = {band: found for band, found in matches.bands.items() if found.shows not in {band, None}}
    names, shown = set(wrong), {found.shows for found in wrong.values()}
    if len(wrong) > 1 and names == shown:
        yield _permutation(wrong)
        return
    for band, found in wrong.items():
        both = found.shows in matches.bands and matches.bands[str(found.shows)].shows == found.shows
        also = f", which the copy also has under its own name; {band} itself is missing" if both else ""
        yield Finding(
            Kind.wrong_band,
            Severity.serious,
            f"What is called {band} is {found.shows}{also} (correlation {found.correlation:.4f} with {found.shows}, "
            f"{found.own_correlation:.4f} with {band}).",
            bands=(band,),
            evidence={"shows": found.shows, "correlation": round(found.correlation, 6)},
        )
    for band, found in matches.bands.items():
        if found.shows is None and explained[band] is None:
            yield Finding(
                Kind.wrong_band,
                Severity.serious,
                f"What is called {band} is none of the published bands (correlation {found.own_correlation:.2f}).",
                bands=(band,),
                evidence={"shows": None, "correlation": round(found.own_correlation, 6)},
            )


def _permutation(wrong: dict[str, BandMatch]) -> Finding:
    """Several bands that carry each other's names."""
    truth: dict[str, Evidence] = {band: str(found.shows) for band, found in wrong.items()}
    bands = list(wrong)
    if len(bands) == 2:  # noqa: PLR2004 - a pair
        text = (
            f"{bands[0]} and {bands[1]} are swapped: what is called {bands[0]} is {bands[1]}, and the other way round."
        )
    elif set(bands) == {"B02", "B04"} | ({"B03"} & set(bands)):
        text = "Red and blue are swapped."
    else:
        pairs = listed([f"{band} is {shows}" for band, shows in truth.items()])
        alphabetical = " That is the order of names sorted as text." if _is_alphabetical(truth) else ""
        text = f"The order of bands is mixed up: what is called {pairs}.{alphabetical}"
    return Finding(Kind.swapped_bands, Severity.serious, text, bands=tuple(bands), evidence={"shows": truth})


def _is_alphabetical(shows: dict[str, Evidence]) -> bool:
    """Whether bands of Sentinel-2 sorted as text were named in the order of wavelengths."""
    named = [band for band in S2_BANDS if band in shows]
    return [shows[band] for band in named] == sorted(named)


def _explained(band: str, found: BandMatch, patches: Sequence[PatchMatch]) -> list[Step] | None:
    """What was done to the values of a band; None if that is not known."""
    pairs = list(_pairs(band, found, patches))
    if not pairs:
        return [] if found.shows else None
    slack = _SLACK if _whole_and_interpolated(pairs) else 0
    x, y = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    return explain(x, y, found.shows or band, found.unit, slack=slack)


def _values(matches: Matches, explained: Explained) -> Iterator[Finding]:
    """What was done to the values of each band; bands to which the same was done in one finding."""
    done: dict[tuple[Kind, str], list[tuple[str, Step]]] = defaultdict(list)
    unexplained: list[str] = []
    for band, found in matches.bands.items():
        steps = explained[band]
        if steps is None and found.shows is not None:
            unexplained.append(band)
            if found.unit is not Unit.published:
                steps = [Step(Kind.unit, f"{found.unit.value} instead of decibels", {"unit": found.unit.name})]
        for step in steps or ():
            done[step.kind, step.text].append((band, step))
    for (kind, text), steps_by_band in done.items():
        yield _done(kind, text, steps_by_band)
    shrunk = {band: size for band in unexplained if (size := _pixel_m(band, matches)) > BANDS[band].resolution_m}
    if shrunk:
        yield shrunk_finding(shrunk)
    rest = [band for band in unexplained if band not in shrunk]
    if rest:
        yield _unexplained(rest, matches)


def _pixel_m(band: str, matches: Matches) -> int:
    """Side of the squares of equal pixels that a band consists of in all patches, in metres; 0 if that says nothing."""
    seen = (match.patch.bands[band].block_m for match in matches.patches if band in match.patch.bands)
    return min((size for size in seen if size > 0), default=0)


def _whole_and_interpolated(pairs: Sequence[tuple[NDArray[Any], NDArray[Any], Method | None]]) -> bool:
    return any(
        method not in {None, Method.nearest} and bool((pixels == np.rint(pixels)).all()) for _, pixels, method in pairs
    )


def _pairs(
    band: str, found: BandMatch, patches: Iterable[PatchMatch]
) -> Iterator[tuple[NDArray[Any], NDArray[Any], Method | None]]:
    """Published pixels and those of the copy, laid upright, of each patch where both can be had at one resolution."""
    for match in patches:
        seen, truth = match.patch.bands.get(band), match.patch.truth.get(found.shows or band)
        sensor = BANDS[band].sensor
        if seen is None or truth is None or sensor in match.elsewhere or band in match.shifts:
            continue
        recovered = seen.at(len(truth))
        if recovered is not None:
            yield truth, match.orientations.get(band, UPRIGHT).undo(recovered[0]), recovered[1]


def _changed(matches: Matches, explained: Explained) -> Iterator[Finding]:
    """Single pixels that are others, in bands whose values are the published ones on the whole."""
    pixels: dict[str, int] = {}
    names: dict[str, None] = {}
    for band, found in matches.bands.items():
        if explained[band] == []:
            for match in matches.patches:
                number = sum(_different(truth, own, how) for truth, own, how in _pairs(band, found, [match]))
                if number:
                    pixels[band] = pixels.get(band, 0) + number
                    names[match.patch.patch_id] = None
    if pixels:
        total, bands, ids = sum(pixels.values()), list(pixels), list(names)
        yield Finding(
            Kind.changed,
            Severity.serious,
            f"{total:,} {'pixel differs' if total == 1 else 'pixels differ'} from the published ones, in "
            f"{band_names(bands)}, in {counted(len(ids), len(matches.patches), 'patches')}: {first_of(ids, 3)}.",
            bands=tuple(bands),
            patches=tuple(ids),
            evidence={"pixels": pixels},
        )


def _different(truth: NDArray[Any], own: NDArray[Any], method: Method | None) -> int:
    """Pixels that are not the published ones; those that are not numbers, or nodata, are findings of their own."""
    if method not in {None, Method.nearest}:
        return 0
    old, new = truth.astype(np.float64), own.astype(np.float64)
    with np.errstate(invalid="ignore"):
        others = np.isfinite(new) & (np.abs(new - old) > SINGLE * np.abs(old).max())
    return int(np.count_nonzero(others & ~((new == 0) & (old != 0))))


def _done(kind: Kind, text: str, steps: Sequence[tuple[str, Step]]) -> Finding:
    steps = sorted(steps, key=lambda item: list(BANDS).index(item[0]))
    bands = [band for band, _ in steps]
    first = steps[0][1].evidence
    evidence = merged_evidence({band: step.evidence for band, step in steps})
    numbers = ""
    if kind is Kind.standardised and "mean" in first:
        mean, std = first["mean"], first["std"]
        numbers = f" ({bands[0]}: mean {mean:,}, standard deviation {std:,})"
    verb = plural(bands, "is", "are")
    if kind is Kind.offset:
        verb = plural(bands, "lies", "lie")
    severity = Severity.minor if first.get("statistics") == "reBEN" else _SEVERITIES[kind]
    return Finding(
        kind, severity, f"{band_names(bands)} {verb} {text}{numbers}.", bands=tuple(bands), evidence=evidence
    )


def _unexplained(bands: Sequence[str], matches: Matches) -> Finding:
    """Values that are like the published ones, and are not made from them: another product level, or processing."""
    differences: dict[str, float] = {}
    for band in bands:
        pairs = list(_pairs(band, matches.bands[band], matches.patches))
        differences[band] = float(np.median(np.concatenate([(y.astype(float) - x).ravel() for x, y, _ in pairs])))
    mean_r = float(np.mean([matches.bands[band].correlation for band in bands]))
    evidence: dict[str, Evidence] = {"median_difference": {b: round(d, 1) for b, d in differences.items()}}
    air = differences.get("B01", 0) - differences.get("B04", 0)
    water = differences.get("B09", 0) - differences.get("B8A", 0)
    if mean_r > _HIGH and air > _AIR and ("B09" not in differences or water < _ABSORBED):
        return Finding(
            Kind.level,
            Severity.grave,
            f"{band_names(bands)} hold reflectance above the atmosphere (L1C), not at the ground (L2A): the air adds "
            f"{differences['B01']:,.0f} to B01 and {differences['B04']:,.0f} to B04"
            + (f", and water vapour takes {-water:,.0f} from B09." if "B09" in differences else "."),
            certainty=Certainty.very_likely,
            bands=tuple(bands),
            evidence={**evidence, "level": "L1C"},
        )
    shown = max(differences.items(), key=lambda item: abs(item[1]))
    return Finding(
        Kind.processing,
        Severity.serious,
        f"{band_names(bands)} {plural(bands, 'shows', 'show')} the same ground with other values, which do not follow "
        f"from the published ones: another processing baseline or processor, or values that were changed "
        f"(correlation {mean_r:.3f}; {shown[0]} differs by {shown[1]:,.4g} at the median).",
        certainty=Certainty.very_likely,
        bands=tuple(bands),
        evidence=evidence,
    )
