"""What a comparison of two versions found: for programs (JSON) and for people (Markdown)."""

from collections.abc import Iterator, Sequence

from pydantic import BaseModel

from reben.compare.labels import LabelChanges
from reben.compare.leakage import Leakage, SharedGround
from reben.core.markdown import table
from reben.io.records import record_config
from reben.version import __version__

FORMAT_VERSION = 1

_RELATIONS = {
    "same_season": "same square, same season",
    "other_season": "same square, other season",
    "tiles_same_season": "overlapping tiles, same season",
    "tiles_other_season": "overlapping tiles, other season",
}


class CompareReport(BaseModel):
    """Of an earlier version with a later one."""

    model_config = record_config({})

    format_version: int = FORMAT_VERSION
    reben: str = __version__
    earlier: str
    later: tuple[str, ...]
    earlier_patches: int
    later_patches: int
    common_patches: int
    per_class: dict[str, dict[str, int]]
    """Patches of the later version by class and split."""
    labels: LabelChanges | None
    """None if the earlier version has no labels, or none of its patches is in the later one."""
    leakage: tuple[Leakage, ...]
    """Of the later version, and, if the earlier one has splits, of both on the patches that both have."""

    def markdown(self) -> str:
        """The report for people."""
        return "\n".join(_lines(self)) + "\n"


def _lines(report: CompareReport) -> Iterator[str]:
    yield f"# {report.earlier} and {', '.join(report.later)}"
    yield ""
    yield (
        f"Earlier version: {report.earlier_patches:,} patches; later version: {report.later_patches:,}; "
        f"in both: {report.common_patches:,}."
    )
    yield ""
    yield "## Patches per class, later version"
    yield ""
    splits = list(next(iter(report.per_class.values()), {}))
    yield table(("class", *splits), ((name, *map(_count, found.values())) for name, found in report.per_class.items()))
    if report.labels is not None:
        yield from _label_lines(report.labels)
    yield from _leakage_lines(report.leakage)


def _label_lines(found: LabelChanges) -> Iterator[str]:
    yield ""
    yield "## Labels that changed"
    yield ""
    share = found.unchanged / found.patches
    yield f"Of {found.patches:,} patches, {found.unchanged:,} ({share:.1%}) have the same labels in both versions."
    yield ""
    yield table(
        ("class", "kept", "added", "removed"),
        ((name, *map(_count, (c.kept, c.added, c.removed))) for name, c in found.classes.items()),
    )
    if found.without_class:
        names = ", ".join(f"{name} ({count:,})" for name, count in found.without_class.items())
        yield ""
        yield f"Labels of the earlier version that form no class: {names}."
    yield ""
    yield "### By country"
    yield ""
    rows = (
        (country, *(_count(sum(getattr(c, part) for c in classes.values())) for part in ("kept", "added", "removed")))
        for country, classes in found.countries.items()
    )
    yield table(("country", "labels kept", "added", "removed"), rows)


def _leakage_lines(leaks: Sequence[Leakage]) -> Iterator[str]:
    yield ""
    yield "## Ground that splits share"
    yield ""
    heads = [leak.source for leak in leaks]
    yield table(("", *heads), _leakage_rows(leaks))


def _leakage_rows(leaks: Sequence[Leakage]) -> Iterator[tuple[str, ...]]:
    for split in leaks[0].patches:
        yield f"patches, {split}", *(_count(leak.patches[split]) for leak in leaks)
    for field, title in _RELATIONS.items():
        found: list[SharedGround] = [getattr(leak, field) for leak in leaks]
        yield f"pairs of patches: {title}", *(_count(shared.pairs) for shared in found)
        yield "- in different splits", *(_count(shared.across_splits) for shared in found)
        yield "- one for training, one for testing", *(_count(shared.train_test) for shared in found)
    yield (
        "test patches that share ground with a training patch",
        *(_share(leak.test_patches_on_training_ground, leak.patches["test"]) for leak in leaks),
    )
    for pair in dict.fromkeys(pair for leak in leaks for pair in leak.distances):
        distances = [leak.distances.get(pair) for leak in leaks]
        yield f"distance, {pair}: smallest", *(f"{d.smallest_m:,.0f} m" if d else "-" for d in distances)
        yield f"distance, {pair}: median", *(f"{d.median_m:,.0f} m" if d else "-" for d in distances)
        split = pair.split(" ")[0]
        touching = (
            _share(d.touching, leak.patches[split]) if d else "-" for d, leak in zip(distances, leaks, strict=True)
        )
        yield f"- touching, {pair}", *touching


def _count(number: int) -> str:
    return f"{number:,}"


def _share(number: int, total: int) -> str:
    return f"{number:,} ({number / total:.1%})" if total else f"{number:,}"
