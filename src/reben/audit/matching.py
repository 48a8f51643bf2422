"""Which published band, in which orientation, each band of a copy shows: found by correlation on a coarse grid.

Correlation does not see units, scales and offsets, so it tells what a band is before anything is known of its values.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from reben.audit.orientation import ORIENTATIONS, UPRIGHT, Orientation
from reben.audit.seen import COARSE_PX, SeenPatch, coarse
from reben.audit.shifts import shift_between
from reben.core.bands import BANDS

Floats = NDArray[np.float64]

_SAME_PLACE = 0.6
"""Least mean correlation of a patch's bands with some published band of the patch, in some orientation."""
_AS_GOOD = 0.02
"""By how much another orientation must be better than upright."""
_MUCH_NEARER = 0.3
"""Another band is taken only if it leaves less than this share of what the band's own leaves unexplained."""
_LEAST_GAIN = 5e-4
_RECOGNISED = 0.5
_CERTAINLY, _CLEARLY = 0.95, 0.8


class Unit(StrEnum):
    """In what values may be that are published in another unit."""

    published = "as published"
    power = "linear power"
    amplitude = "linear amplitude"


@dataclass(frozen=True, slots=True)
class Variant:
    """A published band in one unit."""

    band: str
    unit: Unit


def in_unit(pixels: NDArray[np.generic], unit: Unit) -> Floats:
    """Published pixels in a unit; power and amplitude are those of decibels."""
    exact: Floats = pixels.astype(np.float64)
    if unit is Unit.published:
        return exact
    power: Floats = 10 ** (exact / (10 if unit is Unit.power else 20))
    return power


@dataclass(frozen=True)
class BandMatch:
    """What a band of a copy shows."""

    band: str
    """Its name."""
    shows: str | None
    """The published band that it is; None if it is none of them."""
    unit: Unit
    correlation: float
    """With that band, mean of the patches."""
    own_correlation: float
    """With the band that it is called."""


@dataclass(frozen=True)
class PatchMatch:
    """What a patch of a copy shows."""

    patch: SeenPatch
    orientations: Mapping[str, Orientation]
    """By band."""
    elsewhere: Sequence[str]
    """Sensors whose pixels do not show this patch."""
    shifts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Metres by which bands were moved to the right and down, by band; those that were not are left out."""


@dataclass(frozen=True)
class Matches:
    """What the patches of a sample show, held against published bands."""

    patches: Sequence[PatchMatch]
    bands: Mapping[str, BandMatch]
    variants: Sequence[Variant] = field(default_factory=tuple)


def match(patches: Sequence[SeenPatch]) -> Matches:
    """Match patches that have published bands beside them."""
    variants = [
        Variant(band, unit)
        for band in BANDS
        if any(band in patch.truth for patch in patches)
        for unit in (Unit if BANDS[band].sensor == "s1" else [Unit.published])
    ]
    found: list[PatchMatch] = []
    correlations: dict[str, list[Floats]] = {}
    for patch in patches:
        by_band = _correlations(patch, variants)
        shifts = dict(_shifts(patch))
        best = {band: float(np.nanmax(values)) for band, values in by_band.items() if band not in shifts}
        elsewhere = [
            sensor
            for sensor in ("s1", "s2")
            if (own := [r for band, r in best.items() if BANDS[band].sensor == sensor]) and np.mean(own) < _SAME_PLACE
        ]
        orientations = {b: UPRIGHT if b in shifts else _orientation(values) for b, values in by_band.items()}
        found.append(PatchMatch(patch, orientations, elsewhere, shifts))
        for band, values in by_band.items():
            if BANDS[band].sensor not in elsewhere and band not in shifts:
                correlations.setdefault(band, []).append(values[ORIENTATIONS.index(orientations[band])])
    bands = {band: _band_match(band, np.stack(values), variants) for band, values in correlations.items()}
    return Matches(found, bands, variants)


def _shifts(patch: SeenPatch) -> Iterator[tuple[str, tuple[int, int]]]:
    """Metres by which bands were moved to the right and down."""
    for band, seen in patch.bands.items():
        truth = patch.truth.get(band)
        if truth is None or not seen.is_square or np.array_equal(seen.native, truth):
            continue
        found = shift_between(truth, seen.native)
        if found is not None:
            step_m = BANDS[band].resolution_m
            yield band, (found.right * step_m, found.down * step_m)


def _correlations(patch: SeenPatch, variants: Sequence[Variant]) -> dict[str, Floats]:
    """Correlation of each band with each variant in each orientation, shape (orientations, variants)."""
    size = COARSE_PX * COARSE_PX
    laid = np.full((len(ORIENTATIONS), len(variants), size), np.nan)
    for number, variant in enumerate(variants):
        truth = coarse(in_unit(patch.truth[variant.band], variant.unit)) if variant.band in patch.truth else None
        if truth is not None:
            laid[:, number] = [orientation.apply(truth).ravel() for orientation in ORIENTATIONS]
    found: dict[str, Floats] = {}
    for band, seen in patch.bands.items():
        own = seen.features
        if own is not None:
            found[band] = laid @ own.ravel()
    return {band: values for band, values in found.items() if np.isfinite(values).any()}


def _orientation(correlations: Floats) -> Orientation:
    """The best orientation of a band; upright unless another one is clearly better."""
    best = np.nanmax(correlations, axis=1)
    if best[0] >= best.max() - _AS_GOOD or best.max() < _CLEARLY:
        return UPRIGHT
    return ORIENTATIONS[int(best.argmax())]


def _band_match(band: str, correlations: Floats, variants: Sequence[Variant]) -> BandMatch:
    """The variant that a band shows.

    Args:
        band: its name.
        correlations: shape (patches, variants), NaN where a patch lacks a variant.
        variants: in the order of the second axis.
    """
    known = np.isfinite(correlations).any(0)
    means = np.full(len(variants), -np.inf)
    means[known] = np.nanmean(correlations[:, known], axis=0)
    own = max((n for n, v in enumerate(variants) if v.band == band), key=lambda n: means[n], default=None)
    best = int(means.argmax())
    own_r = float(means[own]) if own is not None and np.isfinite(means[own]) else -1.0
    if own is not None and not (
        1 - means[best] < _MUCH_NEARER * (1 - own_r) and means[best] - own_r > _LEAST_GAIN and means[best] > _RECOGNISED
    ):
        best = own
    r = float(means[best])
    shows = variants[best].band if r > _RECOGNISED else None
    return BandMatch(band, shows, variants[best].unit, r, own_r)


def where_from(match_: PatchMatch, sensor: str, patches: Sequence[SeenPatch]) -> str | None:
    """The patch, among some, whose published bands a patch of a copy shows; None if it is none of them."""
    best: tuple[float, str] | None = None
    own = {
        band: features
        for band, seen in match_.patch.bands.items()
        if BANDS[band].sensor == sensor and (features := seen.features) is not None
    }
    for other in patches:
        if other.patch_id == match_.patch.patch_id:
            continue
        truths = [
            t
            for band, pixels in other.truth.items()
            if BANDS[band].sensor == sensor and (t := coarse(pixels)) is not None
        ]
        if not truths or not own:
            continue
        r = float(np.mean([max(float((features * truth).sum()) for truth in truths) for features in own.values()]))
        if r > _CERTAINLY and (best is None or r > best[0]):
            best = r, other.patch_id
    return None if best is None else best[1]
