"""Reference maps and masks: what their numbers mean, and whether they are maps of their patches."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from reben.audit.checks.labels import LEGEND_ORDER, PUBLISHED_ORDER
from reben.audit.findings import Evidence, Finding, Kind, Severity, counted, listed
from reben.audit.orientation import ORIENTATIONS, UPRIGHT
from reben.audit.seen import SeenPatch
from reben.audit.subject import Subject, ids_of
from reben.core.classes import CLC2018, UNLABELLED

_CODES = np.array([entry.code for entry in CLC2018.entries])
_UNLABELLED_CODES = np.array([entry.code for entry in CLC2018.entries if entry.class_name is None])
_CLASSES = len(PUBLISHED_ORDER)
_FILLS = (UNLABELLED, 255, 254, 100, _CLASSES)
"""What others write where a pixel belongs to no class."""

_SAME = 0.99
"""Share of pixels from which on two maps are the same one."""

Codes = NDArray[np.int64]


def check_maps(subject: Subject) -> Iterator[Finding]:
    """Masks of the patches that were looked at."""
    masked = [(patch, patch.mask.astype(np.int64)) for patch in subject.patches if patch.mask is not None]
    if not masked:
        return
    numbers = np.unique(np.concatenate([np.unique(mask) for _, mask in masked]))
    indices = [n for n in numbers.tolist() if 0 <= n < _CLASSES]
    codes = [n for n in numbers.tolist() if n in _CODES]
    if indices and codes and set(codes) <= set(_UNLABELLED_CODES.tolist()):
        yield _kept_codes(masked, codes)
    elif indices and not codes:
        yield from _indices(subject, masked, numbers)
    strange = [n for n in numbers.tolist() if n not in _CODES and not 0 <= n < _CLASSES and n not in _FILLS]
    if strange:
        evidence: dict[str, Evidence] = {"numbers": strange[:20]}
        text = f"Maps hold {listed([str(n) for n in strange], most=5)}, which is neither a land-cover code nor a class."
        yield Finding(Kind.map_codes, Severity.serious, text, evidence=evidence)
    yield from _other_maps(masked)


def _kept_codes(masked: Sequence[tuple[SeenPatch, Codes]], codes: list[int]) -> Finding:
    bad = [patch for patch, mask in masked if np.isin(mask, codes).any()]
    share = float(np.mean([np.isin(mask, codes).mean() for _, mask in masked]))
    return Finding(
        Kind.map_codes,
        Severity.serious,
        f"Masks hold class indices, and among them land-cover codes that belong to no class "
        f"({listed([str(code) for code in codes], most=5)}): {share:.1%} of the pixels, in "
        f"{counted(len(bad), len(masked), 'masks')}. A loss takes them for classes, or fails.",
        patches=ids_of(bad),
        evidence={"codes": list(codes), "share": round(share, 6)},
    )


def _indices(
    subject: Subject, masked: Sequence[tuple[SeenPatch, Codes]], numbers: NDArray[np.int64]
) -> Iterator[Finding]:
    """Class indices: a fault in what is called a reference map, and in another order than the published one."""
    order = _order_of(masked)
    if subject.copy.masks_are_maps:
        said = {"published": " (sorted by name)", "legend": " (in the order of land-cover codes)"}.get(order or "", "")
        yield Finding(
            Kind.map_indices,
            Severity.serious,
            f"Reference maps hold class indices{said} from {numbers.min()} to {numbers.max()}, not land-cover codes "
            "such as 211.",
            evidence={"order": order, "lowest": int(numbers.min()), "highest": int(numbers.max())},
        )
    elif order == "legend":
        yield Finding(
            Kind.class_order,
            Severity.grave,
            "The class indices in masks are in the order of land-cover codes (Urban fabric is 0), not in that of the "
            "published label vectors, which is sorted by name.",
            evidence={"order": order, "of": "masks"},
        )


def _order_of(masked: Sequence[tuple[SeenPatch, Codes]]) -> str | None:
    """The order in which indices agree with published maps, or with the labels beside; None if neither does."""
    misses = {"published": 0, "legend": 0}
    compared = 0
    for patch, mask in masked:
        labels = patch.row.labels
        present = [int(n) for n in np.unique(mask) if 0 <= n < _CLASSES]
        if patch.true_map is not None and patch.true_map.shape == mask.shape:
            truth = _classes_of(patch.true_map)
        elif isinstance(labels, tuple) and set(labels) <= set(PUBLISHED_ORDER):
            truth = set(labels)
        else:
            continue
        compared += 1
        for name, order in (("published", PUBLISHED_ORDER), ("legend", LEGEND_ORDER)):
            misses[name] += len({order[n] for n in present} ^ truth)
    best = min(misses, key=lambda name: misses[name])
    return best if compared and misses["published"] != misses["legend"] else None


def _classes_of(codes: NDArray[np.generic]) -> set[str]:
    names = {entry.code: entry.class_name for entry in CLC2018.entries}
    return {name for code in np.unique(codes) if (name := names.get(int(code))) is not None}


def _other_maps(masked: Sequence[tuple[SeenPatch, Codes]]) -> Iterator[Finding]:
    """Maps that lie another way than the published ones, or are those of other patches."""
    turned: dict[str, list[str]] = defaultdict(list)
    others: dict[str, Evidence] = {}
    compared = 0
    for patch, mask in masked:
        truth = patch.true_map
        if truth is None or truth.shape != mask.shape or (np.ptp(truth) == 0 and np.ptp(mask) == 0):
            continue
        compared += 1
        upright = _agreement(truth, mask)
        if upright > _SAME:
            continue
        same, way = max((_agreement(o.apply(truth), mask), o.name) for o in ORIENTATIONS)
        if same > _SAME and way != UPRIGHT.name:
            turned[way].append(patch.patch_id)
        else:
            others[patch.patch_id] = next(
                (other.patch_id for other, _ in masked if other is not patch and _is_map_of(other, mask)), None
            )
    for way, names in turned.items():
        text = f"The maps of {counted(len(names), compared, 'patches')} are {way}."
        yield Finding(Kind.orientation, Severity.serious, text, patches=tuple(names), evidence={"orientation": way})
    if others:
        first, origin = next(iter(others.items()))
        whose = f"the map of {origin} lies" if origin else "lies another map"
        yield Finding(
            Kind.other_map,
            Severity.grave,
            f"The maps of {counted(len(others), compared, 'patches')} are not the published ones; under "
            f"{first} {whose}.",
            patches=tuple(others),
            evidence={"shows": dict(others)},
        )


def _is_map_of(patch: SeenPatch, mask: Codes) -> bool:
    truth = patch.true_map
    return truth is not None and truth.shape == mask.shape and _agreement(truth, mask) > _SAME


def _agreement(truth: NDArray[np.generic], mask: Codes) -> float:
    """Share of pixels that agree, if each number of the mask stands for the code that it meets most often."""
    numbers = np.unique(mask)
    if np.isin(numbers, _CODES).all():
        return float(np.mean(truth.astype(np.int64) == mask))
    codes, places = np.unique(truth, return_inverse=True)
    own = np.searchsorted(numbers, mask)
    table = np.zeros((len(numbers), len(codes)), np.int64)
    np.add.at(table, (own.ravel(), places.ravel()), 1)
    return float(table.max(1).sum() / table.sum())
