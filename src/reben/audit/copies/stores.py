"""Copies as LMDBs with safetensors values: stores of ours, and those in which others call tensors otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reben.audit.copies.band_names import named_channels, reben_name
from reben.audit.copies.copy import LARGEST_ARRAY, CopyPatch
from reben.audit.copies.pairing import Entry, PairedCopy, is_map, name_and_rest, paired
from reben.audit.copies.tables import read_rows, tables_beside
from reben.core.errors import AuditError
from reben.io.store import REFERENCE_MAP_TENSOR, Store, open_store

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class StoreCopy(PairedCopy[str]):
    """A store; see `Copy`."""

    store: Store = field(kw_only=True)
    form = "an LMDB with safetensors values"

    def read(self, position: int) -> CopyPatch:
        """See `Copy`.

        Raises:
            StoreError: if a value is damaged.
            AuditError: if a tensor of several bands does not say which they are.
        """
        entry = self.entries[position]
        bands: dict[str, NDArray[Any]] = {}
        mask = None
        for key in entry.images:
            for name, array in self.store[key].items():
                if array.nbytes > LARGEST_ARRAY:
                    raise AuditError(f"key {key!r}: {name} has {array.nbytes:,} bytes, too many for a patch")
                if is_map(name) and array.squeeze().ndim == 2:  # noqa: PLR2004 - rows and columns
                    mask = array.squeeze()
                else:
                    bands |= named_channels(array, None if reben_name(name) else self.bands, where=name)
        for key in entry.maps[:1]:
            tensors = self.store[key]
            mask = tensors.get(REFERENCE_MAP_TENSOR, next(iter(tensors.values()), None))
        return CopyPatch(bands, mask)


def open_store_copy(path: Path, *, folder: Path | None = None, bands: Sequence[str] | None = None) -> StoreCopy:
    """Find the patches in a store.

    Args:
        path: of the store.
        folder: in which its tables lie; by default its own.
        bands: of tensors that hold several bands.

    Raises:
        StoreError: if it cannot be opened.
        AuditError: if it is empty.
    """
    store = open_store(path)
    entries: dict[str, Entry[str]] = {}
    for key in store:
        name, suffix = name_and_rest(key)
        entry = entries.setdefault(name, Entry(name))
        (entry.maps if is_map(suffix) else entry.images).append(key)
    if not entries:
        raise AuditError(f"{path}: the store is empty")
    rows = read_rows(tables_beside(folder or (path if path.is_dir() else path.parent)))
    return StoreCopy(paired(entries.values(), rows), rows, bands, store=store)
