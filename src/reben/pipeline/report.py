"""What a pipeline did: for programs (JSON) and for people (Markdown)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from reben.version import __version__
from reben.work import atomic

REPORT_FILE, SUMMARY_FILE = "pipeline-report.json", "pipeline-report.md"


class StageState(StrEnum):
    """How a stage ended."""

    done = "done"
    skipped = "skipped"
    """It had been done before, with the same inputs."""
    incomplete = "incomplete"
    """It did not do all of its work."""
    failed = "failed"
    stopped = "stopped"
    pending = "pending"


@dataclass
class StageReport:
    """What became of a stage."""

    state: StageState = StageState.pending
    seconds: float = 0.0
    summary: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    error: str = ""


@dataclass
class PipelineReport:
    """What became of all stages."""

    configuration: dict[str, Any]
    stages: dict[str, StageReport]

    @property
    def is_complete(self) -> bool:
        """Whether every stage has done all of its work."""
        return all(stage.state in {StageState.done, StageState.skipped} for stage in self.stages.values())

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        stages = {
            name: {
                "state": stage.state.value,
                "seconds": stage.seconds,
                "summary": stage.summary,
                "missing": stage.missing,
                "error": stage.error,
            }
            for name, stage in self.stages.items()
        }
        return {
            "reben": __version__,
            "complete": self.is_complete,
            "stages": stages,
            "configuration": self.configuration,
        }

    def as_markdown(self) -> str:
        """For people."""
        verdict = "complete" if self.is_complete else "not complete"
        lines = [f"# Pipeline: {verdict}", "", "| stage | state | seconds | result |", "|---|---|---:|---|"]
        for name, stage in self.stages.items():
            lines.append(f"| {name} | {stage.state.value} | {stage.seconds:,.1f} | {_in_words(stage.summary)} |")
        for name, stage in self.stages.items():
            if stage.error:
                lines += ["", f"## {name} failed", "", stage.error]
            if stage.missing:
                lines += ["", f"## Missing after {name}", ""]
                lines += [f"- {what}: {why}" for what, why in stage.missing.items()]
        return "\n".join([*lines, ""])

    def write(self, folder: Path) -> None:
        """Write both."""
        atomic.write_json(folder / REPORT_FILE, self.as_json())
        atomic.write_text(folder / SUMMARY_FILE, self.as_markdown())


def _in_words(summary: Mapping[str, Any]) -> str:
    """The single values of a summary, such as `products: 3, engine: 6s`."""
    plain = {name: value for name, value in summary.items() if not isinstance(value, dict) or value}
    words = (f"{name}: {len(value) if isinstance(value, dict) else value}" for name, value in plain.items())
    return ", ".join(word.replace("|", "\\|") for word in words)
