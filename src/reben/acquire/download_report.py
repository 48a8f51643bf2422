"""What became of each product: `download-report.json`."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from reben.acquire.products import CatalogueProduct
from reben.core.errors import CatalogueError
from reben.io.small_files import MOST_REPORT_BYTES, read_json
from reben.version import __version__
from reben.work import atomic

REPORT_FILE = "download-report.json"


class State(StrEnum):
    """How a product ended."""

    complete = "complete"
    """Downloaded now, and verified."""
    present = "present"
    """Was there already."""
    failed = "failed"
    stopped = "stopped"
    """Not at its end when the work was ended; the same command resumes it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one product ended."""

    product: CatalogueProduct
    state: State
    reason: str = ""
    """Why it failed."""
    bytes: int = 0
    """That came through the line this time."""
    seconds: float = 0.0
    retries: int = 0
    checked: tuple[str, ...] = ()
    """What was compared with the catalogue."""
    path: str = ""
    """Name of the zip file or folder."""

    @property
    def is_there(self) -> bool:
        """Whether the product can be used."""
        return self.state in {State.complete, State.present}

    def as_json(self) -> dict[str, Any]:
        """For the report."""
        product = self.product
        facts = {"id": product.id, "size": product.size, "md5": product.md5, "blake3": product.blake3}
        return {
            "state": self.state.value,
            "reason": self.reason,
            "path": self.path,
            "bytes": self.bytes,
            "seconds": self.seconds,
            "retries": self.retries,
            "checked": list(self.checked),
            **facts,
        }


@dataclass
class Report:
    """The outcomes of a run, after those that earlier runs left in the folder."""

    path: Path
    earlier: dict[str, dict[str, Any]] = field(default_factory=dict)
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    @classmethod
    def read(cls, output: Path) -> Self:
        """The report of a folder; an unreadable one counts as none: it is written again."""
        path = output / REPORT_FILE
        try:
            products = read_json(path, error=CatalogueError, most_bytes=MOST_REPORT_BYTES)["products"]
            earlier = {str(name): dict(entry) for name, entry in products.items()}
        except (CatalogueError, ValueError, KeyError, TypeError, AttributeError):
            earlier = {}
        return cls(path, earlier)

    def described(self, product: CatalogueProduct) -> CatalogueProduct:
        """The product, with size and checksums that an earlier run knew, if it was the same."""
        entry = self.earlier.get(product.name, {})
        if (product.size and (product.md5 or product.blake3)) or entry.get("id") != product.id:
            return product
        try:
            return replace(product, size=entry["size"], md5=str(entry["md5"]), blake3=str(entry["blake3"]))
        except (CatalogueError, KeyError, TypeError):
            return product

    def note(self, outcome: Outcome) -> None:
        """Keep an outcome, and write the report."""
        self.outcomes[outcome.product.name] = outcome
        atomic.write_json(self.path, self.as_json())

    def as_json(self) -> dict[str, Any]:
        """The whole report."""
        entries = self.earlier | {name: outcome.as_json() for name, outcome in self.outcomes.items()}
        return {
            "reben": __version__,
            "counts": dict(Counter(entry.get("state", "unknown") for entry in entries.values())),
            "products": {name: entries[name] for name in sorted(entries)},
        }

    def of(self, states: Iterable[State]) -> list[Outcome]:
        """Outcomes of this run with one of these states, by name."""
        wanted = set(states)
        return [self.outcomes[name] for name in sorted(self.outcomes) if self.outcomes[name].state in wanted]
