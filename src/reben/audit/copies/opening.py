"""Which format a copy has, and how it is read."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from reben.audit.copies import hdf5, taco
from reben.audit.copies.geotiffs import open_geotiffs
from reben.audit.copies.hdf5 import open_hdf5
from reben.audit.copies.stores import open_store_copy
from reben.audit.copies.taco import open_taco
from reben.core.errors import AuditError
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import is_store

if TYPE_CHECKING:
    from reben.audit.copies.copy import Copy

_STORE_ENDINGS = (".mdb", ".lmdb")
_HINT = "give a folder of GeoTIFFs, a data folder, a store (LMDB), an HDF5 file or a TACO file"


def open_copy(path: Path, bands: Sequence[str] | None = None) -> "Copy":
    """Open a copy on the disk.

    Args:
        path: of a folder or file.
        bands: of images whose channels have no names in the copy.

    Raises:
        AuditError: if there is none, or its format is not known.
        RebenError: if it cannot be read.
    """
    if not path.exists():
        raise AuditError(f"{path} does not exist", hint=_HINT)
    if path.suffix.lower() in hdf5.ENDINGS and path.is_file():
        return open_hdf5(path, bands)
    if path.suffix.lower() in taco.ENDINGS and path.is_file():
        return open_taco(path, bands)
    if is_store(path) and (path.is_dir() or path.suffix.lower() in _STORE_ENDINGS):
        return open_store_copy(path, folder=_tables_of_store(path), bands=bands)
    if not path.is_dir():
        raise AuditError(f"{path}: is a file of a kind that is not known", hint=_HINT)
    if not any(path.iterdir()):
        raise AuditError(f"{path}: this folder is empty", hint=_HINT)
    return _open_folder(path, bands)


def _open_folder(path: Path, bands: Sequence[str] | None) -> "Copy":
    """A folder: a store in it, or a single file of another format, else its GeoTIFFs."""
    usual = DatasetPaths(path).store
    stores = [usual] if is_store(usual) else [p for p in sorted(path.iterdir()) if p.is_dir() and is_store(p)]
    if len(stores) == 1 and not DatasetPaths(path).s2.is_dir():
        return open_store_copy(stores[0], folder=path, bands=bands)
    files = [p for p in sorted(path.iterdir()) if p.suffix.lower() in {*hdf5.ENDINGS, *taco.ENDINGS} and p.is_file()]
    if len(files) == 1:
        return open_copy(files[0], bands)
    if len(files) > 1:
        raise AuditError(
            f"{path}: holds {len(files)} files of patches", hint=f"give one of them, such as {files[0].name}"
        )
    return open_geotiffs(path, bands)


def _tables_of_store(path: Path) -> Path:
    """Where the tables of a store lie: in its folder, or beside it."""
    folder = path if path.is_dir() else path.parent
    return folder if DatasetPaths(folder).tables else folder.parent if DatasetPaths(folder.parent).tables else folder
