"""What lies in the folder already, and whether it is whole."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reben.acquire.products import CatalogueProduct
from reben.acquire.unpacking import Files, remove_folder
from reben.acquire.verification import verify, verify_folder
from reben.core.errors import DownloadError
from reben.io.small_files import MOST_REPORT_BYTES, read_json
from reben.work import atomic


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
