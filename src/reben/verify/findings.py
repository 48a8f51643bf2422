"""What a verification found: how much was checked, and where it differs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

MOST_SHOWN = 20
"""Differences per check that are named; the others are only counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference."""

    where: str
    """File and row, or file and patch."""
    what: str
    """What is there, and what was expected."""


@dataclass(slots=True)
class Check:
    """One rule, applied to many things."""

    rule: str
    checked: int
    differences: int = 0
    findings: list[Finding] = field(default_factory=list)
    """The first differences."""

    def add(self, findings: Iterable[Finding]) -> None:
        """Count differences and keep the first of them."""
        for finding in findings:
            self.differences += 1
            if len(self.findings) < MOST_SHOWN:
                self.findings.append(finding)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "rule": self.rule,
            "checked": self.checked,
            "differences": self.differences,
            "findings": [{"where": finding.where, "what": finding.what} for finding in self.findings],
        }
