"""The data set that is released or compared: folders or a store, with its metadata tables and what belongs to them."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reben.core.errors import MetadataError, ReleaseError
from reben.core.grid import TileExtent
from reben.io.dataset.folder import find_data
from reben.io.dataset.paths import DatasetPaths
from reben.io.dataset.tile_extents import find_tile_extents
from reben.io.store import is_store, open_store
from reben.io.store.checksums import CHECKSUMS_FILE
from reben.io.store.values import DATA_FILE
from reben.release.files import FolderFiles, PatchFiles, StoreFiles
from reben.release.parts import PATCH_PARTS, Expected, PartName, PatchPart, read_expected
from reben.verify.rules import read_rules
from reben.work.checksums import sha256

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class TilePlaces:
    """What tells where the patches of a data set lie."""

    extents: Mapping[str, TileExtent]
    """By tile id."""
    patch_size_m: int


@dataclass(frozen=True)
class ReleaseData:
    """A data set on this machine."""

    root: Path
    """Folder in which the tables lie."""
    files: PatchFiles
    store: Path | None
    """Its store, if it has one."""
    expected: Expected
    places: TilePlaces

    @property
    def beside(self) -> tuple[Path, ...]:
        """Files that belong to the tables: what is needed to read the data set, and nothing of this machine."""
        paths = DatasetPaths(self.root)
        return tuple(path for path in (paths.legend, paths.statistics, paths.style) if path.is_file())

    def available(self) -> tuple[PartName, ...]:
        """The parts that there are."""
        patches = [name for name, part in PATCH_PARTS.items() if self.files.places(part)]
        return (*patches, "metadata", *(("store",) if self.store is not None else ()))

    def expect_complete(self, part: PatchPart) -> None:
        """Check that exactly the patches that the tables name are there.

        Raises:
            ReleaseError: if one is missing, or there is another one.
        """
        there, wanted = set(self.files.places(part)), self.expected.places(part)
        if missing := sorted(wanted - there):
            raise ReleaseError(
                f"{self.root}: {len(missing):,} of {len(wanted):,} {part.title} are missing: {_first(missing)}",
                hint="take them out of the metadata tables, complete the data set (`reben verify` names more), or "
                "leave this part out with --parts",
            )
        if others := sorted(there - wanted):
            raise ReleaseError(
                f"{self.root}: the metadata tables do not name {len(others):,} of the {part.title}: {_first(others)}",
                hint="patches with snow, clouds or cloud shadows have a table of their own; put both tables there",
            )

    def state(self) -> Iterator[str]:
        """What tells this data set from others, and from itself after a change, as far as that can be told quickly."""
        yield str(self.root.resolve())
        yield from (f"{path.name} {sha256(path)}" for path in (*self.expected.tables, *self.beside))
        for part in PATCH_PARTS.values():
            places = "\n".join(self.files.places(part)).encode(errors="surrogateescape")
            yield f"{part.name} {hashlib.sha256(places).hexdigest()}"
        if self.store is not None:
            for path in store_files(self.store):
                yield f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}"


def find_release_data(path: Path, *, tile_extents: Path | None = None) -> ReleaseData:
    """The data set in a folder, or that of a store.

    Args:
        path: a data set in the published layout, a data folder with a store, or a store with its tables beside it.
        tile_extents: file that says where tiles lie, if neither a build report nor their names do.

    Raises:
        MetadataError: if there is neither, or a table, a legend or a report cannot be used.
        StoreError: if the store cannot be opened, or has other values than reBEN's.
        NameFormatError: if a Sentinel-1 patch has another name than reBEN's.
    """
    if not path.is_dir():
        raise MetadataError(
            f"{path} {'is not a folder' if path.exists() else 'does not exist'}", hint="give a data set or a store"
        )
    in_folders = any((path / part.folder).is_dir() for part in PATCH_PARTS.values())
    usual = DatasetPaths(path).store
    store = Path(str(find_data(path).store)) if not in_folders else usual if is_store(usual) else None
    root = store.resolve().parent if store is not None and is_store(path) else path
    rules = read_rules(DatasetPaths(root))
    expected = read_expected(root, rules.legend)
    places = TilePlaces(find_tile_extents(tile_extents, expected.tables), rules.patch_size_m)
    if in_folders or store is None:
        return ReleaseData(root, FolderFiles(path), store, expected, places)
    files = StoreFiles(open_store(store), places.extents, places.patch_size_m)
    return ReleaseData(root, files, store, expected, places)


def store_files(store: Path) -> list[Path]:
    """The files of which a store or a folder of shards consists, sorted, without what was noted of its making."""
    if store.is_file():
        return [store]
    return sorted(path for path in store.rglob("*") if path.is_file() and path.name in {DATA_FILE, CHECKSUMS_FILE})


def _first(names: list[str]) -> str:
    shown = ", ".join(name.rpartition("/")[2] for name in names[:_MOST_NAMED])
    return shown + (" ..." if len(names) > _MOST_NAMED else "")
