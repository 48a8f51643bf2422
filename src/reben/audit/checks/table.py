"""The table of checks, and their names for people."""

from collections.abc import Callable, Iterator

from reben.audit.checks.bands import check_bands
from reben.audit.checks.compared import check_compared
from reben.audit.checks.labels import check_labels
from reben.audit.checks.levels import check_levels
from reben.audit.checks.maps import check_maps
from reben.audit.checks.neighbours import check_neighbours
from reben.audit.checks.patches import check_patches
from reben.audit.checks.resampling import check_resampling
from reben.audit.checks.splits import check_splits
from reben.audit.checks.units import check_units
from reben.audit.checks.values import check_values
from reben.audit.findings import Finding
from reben.audit.subject import Subject

Check = Callable[[Subject], Iterator[Finding]]

CHECKS: dict[str, Check] = {
    "patch ids and partners": check_patches,
    "published values": check_compared,
    "bands": check_bands,
    "units and precision": check_units,
    "product level": check_levels,
    "impossible values": check_values,
    "resampling": check_resampling,
    "neighbours": check_neighbours,
    "labels": check_labels,
    "reference maps": check_maps,
    "splits": check_splits,
}
"""All checks by name, in the order in which they are made."""
