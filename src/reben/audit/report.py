"""The verdict of an audit: findings, worst first, and what was looked at."""

from dataclasses import dataclass
from typing import Any

from reben.audit.findings import Certainty, Finding, Severity

FORMAT_VERSION = 1
_CERTAINTIES = list(Certainty)


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found."""

    name: str
    """Of the copy, as it was given."""
    form: str
    """What it is, in words."""
    patches: int
    """That the copy has."""
    looked_at: int
    """Patches whose pixels were looked at."""
    compared: int
    """Patches of those that were held against published values."""
    bands: tuple[str, ...]
    """By reBEN's names."""
    findings: tuple[Finding, ...]
    """Worst first."""
    notes: tuple[str, ...]
    """What could not be looked at, and why."""

    @property
    def ok(self) -> bool:
        """Whether nothing wrong was found."""
        return not self.findings

    def __str__(self) -> str:
        lines = [self._verdict()]
        for finding in self.findings:
            sure = "" if finding.certainty is Certainty.certain else f" ({finding.certainty.value})"
            lines.append(f"  {finding.severity.name}: {finding.sentence[:1].upper()}{finding.sentence[1:]}{sure}")
        lines.append(self._looked_at())
        return "\n".join([*lines, *(f"not looked at: {note}" for note in self.notes)])

    def _verdict(self) -> str:
        if self.ok:
            return f"nothing wrong was found in {self.name}"
        number = len(self.findings)
        return f"{number} {'thing is' if number == 1 else 'things are'} wrong with {self.name}, worst first:"

    def _looked_at(self) -> str:
        of = "" if self.looked_at == self.patches else f" of {self.patches:,}"
        beside = f"{self.compared:,} of them beside published values" if self.compared else "without published values"
        bands = f"{len(self.bands)} bands ({', '.join(self.bands)})" if self.bands else "no band"
        return f"looked at: {self.form}, {self.looked_at:,}{of} patches, {bands}, {beside}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "form": self.form,
            "ok": self.ok,
            "patches": self.patches,
            "looked_at": self.looked_at,
            "compared": self.compared,
            "bands": list(self.bands),
            "findings": [finding.as_dict() for finding in self.findings],
            "notes": list(self.notes),
        }


def worst_first(findings: list[Finding]) -> tuple[Finding, ...]:
    """Findings by severity, then by how sure they are, then in the order in which they were made."""
    return tuple(sorted(findings, key=lambda f: (-Severity(f.severity), _CERTAINTIES.index(f.certainty))))
