"""Labels: their classes, the order of label vectors, and whether they are those of the published tables."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from reben.audit.copies.copy import Labels
from reben.audit.findings import Evidence, Finding, Kind, Severity, counted, listed
from reben.audit.subject import Subject
from reben.core.classes import CLC2018
from reben.core.errors import LegendError
from reben.core.wording import first_of
from reben.rules.labels import present_labels

PUBLISHED_ORDER = CLC2018.class_names
LEGEND_ORDER = tuple(dict.fromkeys(entry.class_name for entry in CLC2018.entries if entry.class_name is not None))
"""The 19 classes in the order of their first land-cover codes, as BigEarthNet-MM and TorchGeo list them."""
_V1_NAMES = {entry.name for entry in CLC2018.entries} - set(PUBLISHED_ORDER)
"""Names of single land-cover codes, which BigEarthNet v1 has for labels."""
_V1_LENGTHS = (43, 44)


def check_labels(subject: Subject) -> Iterator[Finding]:
    """Labels of all patches that a copy has any for."""
    given = {name: row.labels for name, row in subject.rows.items() if row.labels is not None}
    if not given:
        return
    yield from _missing(subject, given)
    yield from _nomenclature(given)
    truths = _truths(subject)
    vectors = {n: v for n, v in given.items() if isinstance(v, np.ndarray) and len(v) == len(PUBLISHED_ORDER)}
    names = {n: set(v) for n, v in given.items() if isinstance(v, tuple) and v and set(v) <= set(PUBLISHED_ORDER)}
    order: Sequence[str] = subject.copy.class_names or PUBLISHED_ORDER
    if vectors:
        findings, order = _order(vectors, truths, order)
        yield from findings
    if set(order) <= set(PUBLISHED_ORDER):
        names |= {n: _named(v, order) for n, v in vectors.items() if v.any()}
    yield from _against_published(names, truths)
    yield from _against_maps(subject, names, set(truths))


def _missing(subject: Subject, given: Mapping[str, Labels]) -> Iterator[Finding]:
    empty = [name for name, labels in given.items() if not (labels.any() if isinstance(labels, np.ndarray) else labels)]
    without = [name for name in subject.patch_ids if name in subject.rows and subject.rows[name].labels is None]
    missing = [*empty, *without]
    if missing:
        yield Finding(
            Kind.no_labels,
            Severity.serious,
            f"{counted(len(missing), len(subject.rows), 'patches')} have no label; every published patch has one: "
            f"{first_of(missing, 3)}.",
            patches=tuple(missing),
        )


def _nomenclature(given: Mapping[str, Labels]) -> Iterator[Finding]:
    """Labels of BigEarthNet v1, and labels that are none."""
    lengths = {len(v) for v in given.values() if isinstance(v, np.ndarray)}
    named = {label for v in given.values() if isinstance(v, tuple) for label in v}
    v1 = sorted(named & _V1_NAMES)
    if v1 or lengths & set(_V1_LENGTHS):
        text = f"Labels are the 43 classes of BigEarthNet v1, such as {v1[0]!r}" if v1 else (
            f"Label vectors have {max(lengths)} entries, as the 43 classes of BigEarthNet v1"
        )  # fmt: skip
        yield Finding(
            Kind.nomenclature,
            Severity.grave,
            f"{text}; reBEN has 19 classes.",
            evidence={"classes": 43, "names": v1[:20]},
        )
    strange = sorted(named - _V1_NAMES - set(PUBLISHED_ORDER))
    odd = sorted(lengths - {len(PUBLISHED_ORDER), *_V1_LENGTHS})
    if strange or odd:
        what = f"labels {first_of(strange)}" if strange else f"label vectors of {odd[0]} entries"
        yield Finding(
            Kind.nomenclature,
            Severity.serious,
            f"There are {what}; expected the 19 classes of reBEN.",
            evidence={"names": strange[:20], "lengths": list(odd)},
        )


def _truths(subject: Subject) -> dict[str, set[str]]:
    """Published labels by patch id."""
    if subject.reference is None:
        return {}
    rows = subject.reference.rows
    return {n: set(row.labels) for n, row in rows.items() if isinstance(row.labels, tuple) and n in subject.rows}


def _order(
    vectors: Mapping[str, NDArray[np.bool_]], truths: Mapping[str, set[str]], order: Sequence[str]
) -> tuple[list[Finding], Sequence[str]]:
    """Findings on the order of vectors, and the order that they really have."""
    known = [name for name in vectors if name in truths]
    if not known or _misses(vectors, truths, known, order) == 0:
        return [], order
    candidates = {"legend": LEGEND_ORDER, "published": PUBLISHED_ORDER}
    misses = {name: _misses(vectors, truths, known, other) for name, other in candidates.items()}
    best = min(misses, key=lambda name: misses[name])
    now = _misses(vectors, truths, known, order)
    if misses[best] < 0.2 * now:
        called = {
            "legend": "that of the land-cover codes (Urban fabric first)",
            "published": "the published one (sorted by name)",
        }
        evidence: dict[str, Evidence] = {
            "order": best,
            "first": list(candidates[best][:3]),
            "misses": [misses[best], now],
        }
        text = (
            f"The order of classes in label vectors is {called[best]}, not that of {order[0]!r}, {order[1]!r} and so on"
        )
        return [_order_finding(text, evidence, known)], candidates[best]
    columns = _columns(vectors, truths, known)
    moved = {order[i]: name for i, name in columns.items() if name != order[i]}
    if moved and len(columns) > 1:
        first = listed([f"{a!r} means {b!r}" for a, b in list(moved.items())[:3]])
        text = f"The order of classes in label vectors is not the published one: the place of {first}"
        settled = [columns.get(i, name) for i, name in enumerate(order)]
        return [_order_finding(text, {"order": "other", "moved": dict(moved)}, known)], settled
    return [], order


def _order_finding(text: str, evidence: dict[str, Evidence], known: Sequence[str]) -> Finding:
    return Finding(
        Kind.class_order,
        Severity.grave,
        f"{text} ({len(known):,} patches compared with published labels).",
        evidence=evidence,
    )


def _misses(
    vectors: Mapping[str, NDArray[np.bool_]], truths: Mapping[str, set[str]], names: Sequence[str], order: Sequence[str]
) -> int:
    """How many labels are wrong or missing if vectors have this order."""
    return sum(len(_named(vectors[name], order) ^ truths[name]) for name in names)


def _named(vector: NDArray[np.bool_], order: Sequence[str]) -> set[str]:
    """Names of the classes of a label vector."""
    return {order[int(i)] for i in np.flatnonzero(vector)}


def _columns(
    vectors: Mapping[str, NDArray[np.bool_]], truths: Mapping[str, set[str]], names: Sequence[str]
) -> dict[int, str]:
    """The class of each column that only one class fits, of those that occur."""
    table = np.array([vectors[name] for name in names])
    found: dict[int, str] = {}
    for column in range(table.shape[1]):
        fitting = [
            c for c in PUBLISHED_ORDER if bool((np.array([c in truths[n] for n in names]) == table[:, column]).all())
        ]
        if table[:, column].any() and len(fitting) == 1:
            found[column] = fitting[0]
    return found


def _against_published(names: Mapping[str, set[str]], truths: Mapping[str, set[str]]) -> Iterator[Finding]:
    both = [name for name in names if name in truths]
    wrong = [name for name in both if names[name] != truths[name]]
    if not wrong:
        return
    first = wrong[0]
    lost = [c for c in PUBLISHED_ORDER if any(c in truths[n] for n in both) and not any(c in names[n] for n in both)]
    never = f" No patch has {listed(lost, most=3)}, which the published ones have." if lost else ""
    yield Finding(
        Kind.labels,
        Severity.grave,
        f"Labels of {counted(len(wrong), len(both), 'patches')} are not the published ones; {first} has "
        f"{listed(sorted(names[first]))} instead of {listed(sorted(truths[first]))}.{never}",
        patches=tuple(wrong),
        evidence={"never": lost, "compared": len(both)},
    )


def _against_maps(subject: Subject, names: Mapping[str, set[str]], judged: set[str]) -> Iterator[Finding]:
    """Labels that do not follow from the reference map beside them, where no published ones have settled it."""
    wrong: dict[str, list[str]] = {}
    compared = 0
    for patch in subject.patches:
        if patch.mask is None or patch.patch_id not in names or patch.patch_id in judged:
            continue
        try:
            labels = present_labels(CLC2018.class_map(patch.mask.astype(np.uint16)), CLC2018)
        except (LegendError, ValueError):
            continue
        compared += 1
        if set(labels) != names[patch.patch_id]:
            wrong[patch.patch_id] = labels
    if wrong:
        first, labels = next(iter(wrong.items()))
        yield Finding(
            Kind.map_labels,
            Severity.grave,
            f"Labels of {counted(len(wrong), compared, 'patches')} do not follow from their reference maps; {first} "
            f"has {listed(sorted(names[first]))}, and its map {listed(labels) or 'no class'}.",
            patches=tuple(wrong),
            evidence={"compared": compared},
        )
