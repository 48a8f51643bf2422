"""Which patches a copy has: ids that are none, that belong to another data set, or that come twice."""

from collections.abc import Iterator
from datetime import datetime

from reben.audit.copies.pairing import ground_of, is_s1
from reben.audit.findings import Certainty, Finding, Kind, Severity, counted, plural
from reben.audit.subject import Subject
from reben.core.errors import NameFormatError
from reben.core.grid import PatchGrid
from reben.core.names import PatchName, S1PatchName, V1PatchName, tile_of
from reben.core.wording import first_of

_FIRST, _LAST = datetime(2017, 6, 1), datetime(2018, 6, 1)  # noqa: DTZ001 - names carry UTC
"""reBEN's acquisitions: June 2017 to May 2018, as those of BigEarthNet (paper, section II)."""
_MOST_PER_SIDE = PatchGrid().patches_per_side
_WHOLE_TILES = 100_000
"""Rows from which on tables are taken to hold tiles whole, so that what they lack of a tile they hold is foreign."""


def check_patches(subject: Subject) -> Iterator[Finding]:
    """Ids, partners, and what cannot be read."""
    yield from _unreadable(subject)
    yield from _repeated(subject)
    yield from _forms(subject)
    yield from _not_in_reference(subject)
    yield from _partners(subject)


def _unreadable(subject: Subject) -> Iterator[Finding]:
    if subject.unreadable:
        names = list(subject.unreadable)
        of = len(subject.unreadable) + len(subject.patches)
        yield Finding(
            Kind.unreadable,
            Severity.serious,
            f"{counted(len(names), of, 'patches')} cannot be read; {names[0]}: {subject.unreadable[names[0]]}.",
            patches=tuple(names),
        )


def _repeated(subject: Subject) -> Iterator[Finding]:
    if subject.repeated_ids:
        names = list(subject.repeated_ids)
        yield Finding(
            Kind.repeated_id,
            Severity.serious,
            f"{first_of(names, 3)} {plural(names, 'is', 'are')} in the copy more than once.",
            patches=tuple(names),
        )


def _forms(subject: Subject) -> Iterator[Finding]:
    """Names by their form: of version 1, of other times, of no place on a tile, or none at all."""
    v1: list[str] = []
    malformed: list[str] = []
    foreign: list[str] = []
    for name in dict.fromkeys(subject.named_ids):
        kind = _form(name)
        (v1 if kind == "v1" else malformed if kind == "malformed" else foreign if kind else []).append(name)
    if v1:
        yield Finding(
            Kind.v1,
            Severity.grave,
            f"{counted(len(v1), len(subject.patch_ids), 'ids')} are names of BigEarthNet v1, such as {v1[0]}: another "
            "correction, other labels, other splits. This is not reBEN.",
            patches=tuple(v1),
        )
    if malformed:
        yield Finding(
            Kind.malformed,
            Severity.serious,
            f"{counted(len(malformed), len(subject.patch_ids), 'ids')} do not have the form of patch ids: "
            f"{first_of(malformed, 3)}.",
            patches=tuple(malformed),
        )
    if foreign:
        yield Finding(
            Kind.foreign,
            Severity.grave,
            f"{counted(len(foreign), len(subject.patch_ids), 'patches')} cannot be part of reBEN, whose patches are "
            f"L2A, lie on a grid of {_MOST_PER_SIDE} by {_MOST_PER_SIDE}, and were seen from June 2017 to May 2018: "
            f"{first_of(foreign, 3)}.",
            patches=tuple(foreign),
        )


def _form(name: str) -> str:
    """What is wrong with a name; empty if nothing is."""
    try:
        if is_s1(name):
            S1PatchName.parse(name)
            return ""
        patch = PatchName.parse(name)
    except NameFormatError:
        return "v1" if V1PatchName.is_name(name) else "malformed"
    inside = max(patch.column, patch.row) < _MOST_PER_SIDE and _FIRST <= patch.tile.sensing_time < _LAST
    return "" if inside and patch.tile.level == "L2A" else "foreign"


def _not_in_reference(subject: Subject) -> Iterator[Finding]:
    """Patches that complete tables do not name."""
    reference = subject.reference
    if reference is None or len(reference.rows) < _WHOLE_TILES:
        return
    tiles = {tile_of(name) for name in reference.rows}
    candidates = [n for n in dict.fromkeys(subject.named_ids) if not is_s1(n) and _form(n) == ""]
    strange = [n for n in candidates if n not in reference.rows and (reference.is_complete or tile_of(n) in tiles)]
    if strange:
        yield Finding(
            Kind.foreign,
            Severity.grave,
            f"{counted(len(strange), len(subject.patch_ids), 'patches')} are not in the reference's tables: "
            f"{first_of(strange, 3)}.",
            patches=tuple(strange),
        )


def _partners(subject: Subject) -> Iterator[Finding]:
    """Sentinel-1 partners of another place, or others than the published ones."""
    wrong: dict[str, str] = {}
    other: dict[str, str] = {}
    for name, row in subject.rows.items():
        if row.s1_name is None:
            continue
        here, there = ground_of(name), ground_of(row.s1_name)
        truth = subject.reference.rows.get(name) if subject.reference is not None else None
        if here is not None and there is not None and here != there:
            wrong[name] = row.s1_name
        elif truth is not None and truth.s1_name is not None and truth.s1_name != row.s1_name:
            other[name] = row.s1_name
    for found, text in ((wrong, "lies at another place"), (other, "is not the published one")):
        if found:
            first, partner = next(iter(found.items()))
            yield Finding(
                Kind.pairing,
                Severity.grave if found is wrong else Severity.serious,
                f"The Sentinel-1 partner of {counted(len(found), len(subject.rows), 'patches')} {text}: {first} has "
                f"{partner}.",
                Certainty.certain,
                patches=tuple(found),
                evidence={"partner": partner},
            )
