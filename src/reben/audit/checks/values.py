"""Values that cannot be, or tell of an accident, whatever the published ones are."""

from collections.abc import Iterator
from hashlib import blake2b

import numpy as np

from reben.audit.findings import Finding, Kind, Severity, band_names, counted, plural
from reben.audit.seen import SeenPatch
from reben.audit.subject import Subject, ids_of
from reben.core.bands import BANDS

_LOWEST_VALID = 1
"""Old versions of sen2cor write it for reflectance that came out negative, so that whole water patches may hold it."""


def check_values(subject: Subject) -> Iterator[Finding]:
    """Pixels that are no numbers, nodata, or all the same."""
    yield from _not_numbers(subject)
    yield from _nodata(subject)
    yield from _constant(subject)
    yield from _duplicates(subject)


def _not_numbers(subject: Subject) -> Iterator[Finding]:
    bad = {
        band: patches
        for band in subject.bands
        if (patches := [p for p in subject.having(band) if not np.isfinite(p.bands[band].pixels).all()])
    }
    if bad:
        patches = [p for p in subject.patches if any(p in found for found in bad.values())]
        share = np.mean([np.mean(~np.isfinite(p.bands[band].pixels)) for band, found in bad.items() for p in found])
        yield Finding(
            Kind.not_a_number,
            Severity.serious,
            f"{band_names(list(bad))} {plural(list(bad), 'has', 'have')} pixels that are not numbers (NaN or infinite) "
            f"in {counted(len(patches), len(subject.patches), 'patches')}, {share:.2%} of their pixels.",
            bands=tuple(bad),
            patches=ids_of(patches),
            evidence={"share": round(float(share), 6)},
        )


def _nodata(subject: Subject) -> Iterator[Finding]:
    """Zeros in Sentinel-2 as whole numbers: the published patches have none."""
    bad: dict[str, list[SeenPatch]] = {}
    for band in subject.bands:
        if BANDS[band].sensor == "s2":
            found = [p for p in subject.having(band) if _zeros(p, band) > 0 and not _published_zeros(p, band)]
            if found:
                bad[band] = found
    if bad:
        patches = [p for p in subject.patches if any(p in found for found in bad.values())]
        share = float(np.mean([_zeros(p, band) for band, found in bad.items() for p in found]))
        yield Finding(
            Kind.nodata,
            Severity.serious,
            f"{band_names(list(bad))} {plural(list(bad), 'has', 'have')} pixels of 0, which stands for nodata, in "
            f"{counted(len(patches), len(subject.patches), 'patches')} ({share:.1%} of their pixels); published "
            "patches have none.",
            bands=tuple(bad),
            patches=ids_of(patches),
            evidence={"share": round(share, 6)},
        )


def _zeros(patch: SeenPatch, band: str) -> float:
    """Share of zeros in a band whose values are digital numbers; scaled ones may be 0 by rounding."""
    pixels = patch.bands[band].pixels
    if pixels.dtype.kind not in "iu" and not (pixels == np.rint(pixels)).all():
        return 0.0
    return float(np.mean(pixels == 0)) if np.ptp(pixels) > 0 and pixels.max() > 255 and pixels.min() >= 0 else 0.0  # noqa: PLR2004 - eight bits


def _published_zeros(patch: SeenPatch, band: str) -> bool:
    truth = patch.truth.get(band)
    return truth is not None and bool((truth == 0).any())


def _constant(subject: Subject) -> Iterator[Finding]:
    bad: dict[str, list[SeenPatch]] = {}
    for patch in subject.patches:
        for band, seen in patch.bands.items():
            truth = patch.truth.get(band)
            flat = not np.ptp(seen.pixels) > 0 and bool(np.isfinite(seen.pixels).all())
            if flat and (np.ptp(truth) > 0 if truth is not None else seen.pixels.flat[0] != _LOWEST_VALID):
                bad.setdefault(band, []).append(patch)
    for band, patches in bad.items():
        value = float(patches[0].bands[band].pixels.flat[0])
        yield Finding(
            Kind.constant,
            Severity.serious,
            f"{band} is the same everywhere in {counted(len(patches), len(subject.patches), 'patches')}: {value:g}.",
            bands=(band,),
            patches=ids_of(patches),
            evidence={"value": value},
        )


def _duplicates(subject: Subject) -> Iterator[Finding]:
    """Patches of different ids with the same pixels in all bands."""
    first: dict[tuple[tuple[str, bytes], ...], SeenPatch] = {}
    pairs: list[tuple[str, str]] = []
    number = 0
    for patch in subject.patches:
        key = tuple((b, _digest(s.pixels.tobytes())) for b, s in patch.bands.items() if np.ptp(s.pixels) > 0)
        other = first.setdefault(key, patch)
        if key and other.patch_id != patch.patch_id:
            pairs.append((other.patch_id, patch.patch_id))
            number = len(key)
    if pairs:
        more = f", and {len(pairs) - 1:,} more patches those of another one" if len(pairs) > 1 else ""
        yield Finding(
            Kind.duplicate,
            Severity.grave,
            f"{pairs[0][0]} and {pairs[0][1]} have the same pixels in all {number} bands{more}.",
            patches=tuple(dict.fromkeys(name for pair in pairs for name in pair)),
            evidence={"bands": number, "pairs": [list(pair) for pair in pairs[:20]]},
        )


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()
