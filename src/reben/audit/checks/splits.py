"""Splits held against the geographic rule, and patches with snow or clouds that nothing marks."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from reben.audit.copies.pairing import ground_of
from reben.audit.findings import Finding, Kind, Severity, counted, listed
from reben.audit.subject import Subject
from reben.core.grid import PatchGrid
from reben.core.names import SPLIT_NAMES
from reben.core.wording import first_of
from reben.rules.split import assign_splits, frames

_SPELLINGS = {
    "train": "train", "training": "train", "trn": "train",
    "validation": "validation", "val": "validation", "valid": "validation", "dev": "validation",
    "test": "test", "testing": "test", "tst": "test",
}  # fmt: skip


def check_splits(subject: Subject) -> Iterator[Finding]:
    """Splits of all patches that a copy has any for."""
    given = {name: row.split for name, row in subject.rows.items() if row.split is not None}
    splits = {name: _SPELLINGS[split.lower()] for name, split in given.items() if split.lower() in _SPELLINGS}
    unknown = sorted({split for name, split in given.items() if name not in splits})
    if unknown:
        yield Finding(
            Kind.unknown_split,
            Severity.minor,
            f"{first_of(unknown)}: no split of reBEN is called so; expected {listed(SPLIT_NAMES)}.",
            evidence={"names": unknown[:20]},
        )
    yield from _against_rule(splits)
    yield from _overlaps(splits)
    yield from _snow_and_cloud(subject)


def rule_splits(names: list[str]) -> dict[str, str]:
    """Splits of patches by the rule of the paper; those whose ids do not tell their place are left out."""
    grid = PatchGrid()
    grounds = {name: ground for name in names if (ground := ground_of(name)) is not None}
    inside = {n: g for n, g in grounds.items() if max(g[1:]) < grid.patches_per_side}
    columns, rows = (np.array([ground[axis] for ground in inside.values()], np.int64) for axis in (1, 2))
    splits = assign_splits(columns, rows, grid, frames(grid.tile_side_m))
    return dict(zip(inside, splits.tolist(), strict=True))


def _against_rule(splits: dict[str, str]) -> Iterator[Finding]:
    rule = rule_splits(list(splits))
    wrong: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, split in splits.items():
        if name in rule and rule[name] != split:
            wrong[rule[name], split].append(name)
    sizes = Counter(splits.values())
    for (true, called), names in sorted(wrong.items(), key=lambda item: -len(item[1])):
        leaks = true == "test"
        yield Finding(
            Kind.wrong_split,
            Severity.grave if leaks or called == "test" else Severity.serious,
            f"{counted(len(names), sizes[called], 'patches')} of the {called} set lie on {true} ground by the rule of "
            f"the paper: {first_of(names, 3)}.",
            patches=tuple(names),
            evidence={"is": called, "should_be": true, "number": len(names)},
        )


def _overlaps(splits: dict[str, str]) -> Iterator[Finding]:
    """Ground of which patches of several times lie in different splits."""
    grounds: dict[tuple[str, int, int], dict[str, str]] = defaultdict(dict)
    for name, split in splits.items():
        ground = ground_of(name)
        if ground is not None:
            grounds[ground][name] = split
    mixed = {ground: names for ground, names in grounds.items() if len(set(names.values())) > 1}
    if mixed:
        (tile, column, row), first = next(iter(mixed.items()))
        both = listed([f"{name} ({split})" for name, split in list(first.items())[:2]])
        yield Finding(
            Kind.split_overlap,
            Severity.grave,
            f"Patches of one place are in different splits, at {len(mixed):,} places; at column {column}, row {row} "
            f"of tile {tile}: {both}.",
            patches=tuple(name for names in mixed.values() for name in names),
            evidence={"places": len(mixed)},
        )


def _snow_and_cloud(subject: Subject) -> Iterator[Finding]:
    """Patches that the published tables mark, and a copy made for training does not."""
    if subject.reference is None:
        return
    marked = {name for name, row in subject.reference.rows.items() if row.has_snow_or_cloud}
    bad = [
        name
        for name, row in subject.rows.items()
        if name in marked and not row.has_snow_or_cloud and (row.split is not None or row.has_snow_or_cloud is False)
    ]
    if bad:
        yield Finding(
            Kind.snow_and_cloud,
            Severity.serious,
            f"{counted(len(bad), len(subject.rows), 'patches')} have snow, clouds or cloud shadows by the published "
            f"tables, and nothing in the copy marks them: {first_of(bad, 3)}.",
            patches=tuple(bad),
            evidence={"number": len(bad)},
        )
