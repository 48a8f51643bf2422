"""Sizes of bands, and how those were enlarged that have more pixels than they should."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np

from reben.audit.findings import Finding, Kind, Severity, band_names, listed, plural
from reben.audit.resampling import Method
from reben.audit.seen import SeenBand
from reben.audit.subject import Subject
from reben.core.bands import BANDS, PATCH_SIZE_M


def check_resampling(subject: Subject) -> Iterator[Finding]:
    """Bands of other sizes than they should have, and bands enlarged by other methods than nearest neighbour."""
    yield from _sizes(subject)
    methods: dict[Method, list[str]] = defaultdict(list)
    for band in subject.bands:
        seen = [patch.bands[band] for patch in subject.having(band)]
        found = {method for one in seen if (method := _method(one)) is not None}
        if len(found) == 1:
            methods[found.pop()].append(band)
    for method, bands in methods.items():
        side = max(len(subject.having(bands[0])[0].bands[bands[0]].pixels), 1)
        yield Finding(
            Kind.resampling,
            Severity.minor,
            f"{band_names(bands)} {plural(bands, 'was', 'were')} enlarged to {side} pixels by {method}; the "
            "paper's models see the nearest neighbour.",
            bands=tuple(bands),
            evidence={"method": method.name, "pixels": side},
        )


def shrunk_finding(pixel_m: Mapping[str, int]) -> Finding:
    """Bands that were made smaller and large again.

    Args:
        pixel_m: side of the squares of equal pixels of each band, in metres.
    """
    bands = list(pixel_m)
    sizes = listed([f"{size} m" for size in dict.fromkeys(pixel_m.values())])
    return Finding(
        Kind.size,
        Severity.serious,
        f"{band_names(bands)} {plural(bands, 'was', 'were')} shrunk to pixels of {sizes} and enlarged again.",
        bands=tuple(bands),
        evidence={"pixel_m": dict(pixel_m)},
    )


def _method(seen: SeenBand) -> Method | None:
    """How a band was enlarged, if by another method than nearest neighbour."""
    side = seen.band.side_px()
    if not seen.is_square or len(seen.pixels) <= side or not np.ptp(seen.pixels) > 0:
        return None
    found = seen.at(side)
    return None if found is None or found[1] is Method.nearest else found[1]


def _sizes(subject: Subject) -> Iterator[Finding]:
    sides: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for band in subject.bands:
        shapes = {patch.bands[band].pixels.shape for patch in subject.having(band)}
        for shape in sorted(shapes):
            side = BANDS[band].side_px()
            if shape[0] != shape[1] or shape[0] % side or PATCH_SIZE_M // shape[0] * shape[0] != PATCH_SIZE_M:
                sides[shape].append(band)
    for shape, bands in sides.items():
        side = BANDS[bands[0]].side_px()
        how = "shrunk" if max(shape) < side else "cropped, padded or resized"
        yield Finding(
            Kind.size,
            Severity.serious,
            f"{band_names(bands)} {plural(bands, 'has', 'have')} {shape[0]} x {shape[1]} pixels: {how}; expected "
            f"{' or '.join(str(n) for n in sorted({BANDS[b].side_px() for b in bands} | {120}))} along each side.",
            bands=tuple(bands),
            evidence={"shape": list(shape)},
        )
