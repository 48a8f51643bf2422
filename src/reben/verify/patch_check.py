"""What is checked of each patch, wherever its pixels come from."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.backscatter import HIGHEST_DB, LOWEST_DB, implausible_value
from reben.core.bands import BANDS
from reben.core.errors import LegendError
from reben.rules.labels import is_labelled_enough, present_labels
from reben.verify.findings import Check, Finding
from reben.verify.rules import DatasetRules
from reben.work.processes import worker_pool
from reben.work.progress import Begin

PRESENT = "every part is present, readable, and has its size, data type and place"
VALID = "no pixel is invalid: 0 in Sentinel-2, no number in Sentinel-1"
PLAUSIBLE = f"Sentinel-1 is backscatter in dB: {LOWEST_DB:.0f} to {HIGHEST_DB:.0f}"
_PATCHES_PER_TASK = 256
LABELS = "labels follow from the reference map, and enough of it is labelled"
STRAYS = "there is nothing that the metadata tables do not name"


@dataclass
class PatchFindings:
    """Findings of some patches by rule; made by workers, joined by `as_checks`."""

    patches: int = 0
    checked: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[str, Finding]] = field(default_factory=list)

    def add(self, rule: str, *findings: Finding) -> None:
        """Count one more thing that was held against a rule."""
        self.checked[rule] += 1
        self.findings += [(rule, finding) for finding in findings]

    def join(self, other: "PatchFindings") -> None:
        """Take over what another worker found."""
        self.patches += other.patches
        self.checked += other.checked
        self.findings += other.findings

    def as_checks(self) -> list[Check]:
        """One check per rule that was applied."""
        checks = []
        for rule in (PRESENT, VALID, PLAUSIBLE, LABELS, STRAYS):
            if rule in self.checked or any(found == rule for found, _ in self.findings):
                check = Check(rule, self.checked[rule])
                check.add(finding for found, finding in self.findings if found == rule)
                checks.append(check)
        return checks


@dataclass(frozen=True, slots=True)
class PatchRow:
    """What the tables say of a patch."""

    patch_id: str
    labels: tuple[str, ...]
    s1_name: str | None


def check_pixels(where: str, bands: Mapping[str, NDArray[Any]], found: PatchFindings) -> None:
    """Whether all pixels are valid, and those of Sentinel-1 plausible.

    Args:
        where: names the patch.
        bands: pixels by band.
        found: takes the findings.
    """
    for name, pixels in bands.items():
        valid = (pixels != 0).all() if BANDS[name].sensor == "s2" else np.isfinite(pixels).all()
        found.add(VALID, *([] if valid else [Finding(where, f"{name} has invalid pixels")]))
        if valid and BANDS[name].sensor == "s1":
            wrong = implausible_value(pixels)
            found.add(PLAUSIBLE, *([] if wrong is None else [Finding(where, f"{name} has a value of {wrong:.6g}")]))


def check_labels(
    row: PatchRow, where: str, codes: NDArray[np.uint16], rules: DatasetRules, found: PatchFindings
) -> None:
    """Whether labels are those of the reference map.

    Args:
        row: what the table says.
        where: names the patch.
        codes: reference map.
        rules: by which the data set was made.
        found: takes the findings.
    """
    try:
        class_map = rules.legend.class_map(codes)
    except LegendError as error:
        found.add(LABELS, Finding(where, str(error)))
        return
    labels = present_labels(class_map, rules.legend)
    findings = []
    if list(row.labels) != labels:
        findings.append(Finding(where, f"the table says {list(row.labels)}; its reference map gives {labels}"))
    if not is_labelled_enough(class_map, rules.min_labelled):
        findings.append(Finding(where, f"{rules.min_labelled:.0%} of its pixels or less are labelled"))
    found.add(LABELS, *findings)


def check_all(
    check: Callable[[Sequence[PatchRow]], PatchFindings],
    rows: Sequence[PatchRow],
    *,
    workers: int,
    start: Begin,
) -> PatchFindings:
    """Findings of all patches.

    Args:
        check: gives the findings of some; a method of something that can be sent to other processes.
        rows: all patches.
        workers: processes.
        start: called with the number of patches; returns the progress callback.
    """
    found, progress = PatchFindings(), start(len(rows))
    chunks = _in_chunks(rows)
    with worker_pool(workers) as pool:
        for part in pool.map(check, chunks) if workers > 1 else map(check, chunks):
            found.join(part)
            progress(part.patches)
    return found


def _in_chunks(rows: Sequence[PatchRow]) -> list[Sequence[PatchRow]]:
    """The rows in portions for workers."""
    return [rows[first : first + _PATCHES_PER_TASK] for first in range(0, len(rows), _PATCHES_PER_TASK)]


def as_rows(table: Any) -> Sequence[PatchRow]:  # noqa: ANN401 - pyarrow has no types
    """Rows of a metadata table."""
    columns = (table[name].to_pylist() for name in ("patch_id", "labels", "s1_name"))
    return [PatchRow(patch_id, tuple(labels), s1) for patch_id, labels, s1 in zip(*columns, strict=True)]
