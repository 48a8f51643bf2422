"""What is explored: patches with what is known of them, and the store with their pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from reben.core.bands import PATCH_SIZE_M
from reben.core.classes import CLC2018, Legend
from reben.core.errors import MetadataError
from reben.core.names import REFERENCE_MAP_SUFFIX, S1PatchName
from reben.describe.footprints import Footprints, footprints_of
from reben.describe.patch_tables import read_patch_table
from reben.io.dataset.folder import DataFolder, find_data
from reben.io.dataset.metadata import SCHEMA
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import Store, is_store, open_store
from reben.net.addresses import Address, path_or_address


@dataclass(frozen=True, slots=True)
class Explored:
    """Patches and their pixels."""

    title: str
    rows: pa.Table
    """Columns of metadata tables; labels are empty and splits null where there is no table."""
    legend: Legend
    store: Store
    footprints: Footprints | None
    """Where the patches lie; None if their names do not tell."""
    patch_size_m: int
    """Side of a patch."""
    quality: Path | None
    """Shares of clouds of each patch, where a build has left them."""


def open_explored(place: str, metadata: Sequence[Path] = ()) -> Explored:
    """Open a data folder, or a store with or without tables.

    Args:
        place: a path, or the address of a store.
        metadata: tables; those beside the store by default.

    Raises:
        MetadataError: if there is no store, no patch, or a table is wrong.
        StoreError: if the store cannot be read.
        RemoteError: if an address cannot be read.
    """
    where = path_or_address(place)
    if metadata:
        store = where if isinstance(where, Address) or is_store(where) else find_data(where).store
        return _with_tables(DataFolder(store, tuple(metadata)))
    if isinstance(where, Address) or (is_store(where) and not DatasetPaths(where.resolve().parent).tables):
        return _without_tables(open_store(where))
    return _with_tables(find_data(where))


def _with_tables(data: DataFolder) -> Explored:
    found = read_patch_table(data.metadata)
    quality = DatasetPaths(data.metadata[0].parent).quality
    title = data.metadata[0].resolve().parent.name
    kept = quality if quality.is_file() else None
    return Explored(
        title, found.table, found.legend, open_store(data.store), found.footprints, found.patch_size_m, kept
    )


def _without_tables(store: Store) -> Explored:
    """The patches that the keys of a store name.

    Raises:
        MetadataError: if it has none.
    """
    names = [key for key in store if not key.endswith(REFERENCE_MAP_SUFFIX) and not _is_radar(key)]
    if not names:
        raise MetadataError(f"{store.path} has no patches", hint="give a store that `reben encode` wrote")
    columns = {field.name: pa.nulls(len(names), field.type) for field in SCHEMA}
    columns |= {"patch_id": pa.array(names), "labels": pa.array([[]] * len(names), pa.list_(pa.string()))}
    try:
        footprints = footprints_of(pa.array(names))
    except MetadataError:
        footprints = None
    title = str(store.path).rstrip("/").rpartition("/")[2]
    return Explored(title, pa.table(columns), CLC2018, store, footprints, PATCH_SIZE_M, None)


def _is_radar(key: str) -> bool:
    try:
        S1PatchName.parse(key)
    except ValueError:
        return False
    return True
