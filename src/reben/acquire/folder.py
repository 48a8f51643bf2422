"""The folder of downloads: what lies there already and is whole, and `download-report.json`."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from reben.acquire.archives import Files, remove_folder, verify, verify_folder
from reben.acquire.products import CatalogueProduct
from reben.core.errors import CatalogueError, DownloadError
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


@dataclass(frozen=True, slots=True)
class Present:
    """A product that lies here."""

    path: Path
    checked: tuple[str, ...]
    """What was compared."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a product lies, or will lie."""

    product: CatalogueProduct
    archive: Path
    folder: Path

    @classmethod
    def of(cls, product: CatalogueProduct, output: Path) -> Self:
        """Its place in a folder."""
        return cls(product, output / f"{product.stem}.zip", output / product.name)

    @property
    def list(self) -> Path:
        """What the zip file held of which the folder was made."""
        return self.folder.with_name(f".{self.folder.name}.files.json")

    def has_archive(self) -> bool:
        """The cheap check: only what is whole gets its final name; here, its size is compared."""
        return self.archive.is_file() and self.product.size in {None, self.archive.stat().st_size}

    def has_folder(self) -> bool:
        """The cheap check: a folder appears when all is in it."""
        return self.folder.is_dir()

    def write_list(self, files: Files) -> None:
        """Keep what `verify_folder` needs."""
        atomic.write_json(self.list, files)

    def read_list(self) -> Files:
        """What was kept.

        Raises:
            DownloadError: if nothing was, or it cannot be read.
        """
        try:
            value = read_json(self.list, error=DownloadError, most_bytes=MOST_REPORT_BYTES)
            return {str(name): (int(size), int(crc)) for name, (size, crc) in value.items()}
        except (DownloadError, ValueError, TypeError, AttributeError, OverflowError) as error:
            raise DownloadError(
                f"{self.folder.name}: there is no list of its files ({self.list.name})",
                hint="it was not unpacked by reben; delete it to download it again",
            ) from error


def find_present(place: Place, *, thoroughly: bool, check: Callable[[], None]) -> Present | None:
    """A product that lies here, as folder or as zip file; None if there is none.

    Args:
        place: where to look.
        thoroughly: read and compare all of it; what is damaged is removed then.
        check: called now and then; may raise to end it.

    Raises:
        DownloadError: if a folder cannot be checked, because it was not unpacked by reben.
    """
    if place.has_folder():
        return _found_folder(place, thoroughly=thoroughly, check=check)
    if not place.has_archive():
        return None
    if not thoroughly:
        return Present(place.archive, ("size",) if place.product.size else ("name",))
    try:
        return Present(place.archive, tuple(verify(place.archive, place.product, check=check)))
    except DownloadError:
        place.archive.unlink()
        return None


def _found_folder(place: Place, *, thoroughly: bool, check: Callable[[], None]) -> Present | None:
    if not thoroughly:
        return Present(place.folder, ("name",))
    files = place.read_list()
    try:
        return Present(place.folder, tuple(verify_folder(place.folder, files, check=check)))
    except DownloadError:
        remove_folder(place.folder)
        return None
