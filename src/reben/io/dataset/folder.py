"""Data folders: a store, its metadata tables and what belongs to them in one place, so that one path names them all.

A data folder holds

    store/                 an LMDB+safetensors store, or a folder of shards; has any name if it is the only one
    metadata.parquet       patches without snow, clouds and cloud shadows
    metadata_for_patches_with_snow_cloud_or_shadow.parquet     the other patches; optional
    legend.toml            classes, if they are not those of reBEN; optional
    statistics.json        means and standard deviations, if they are not those of reBEN; optional
    build-report.json      what the build did; optional

`reben build`, `reben encode --data` and `reben demo` write such folders.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from reben.core.cards import card
from reben.core.errors import MetadataError
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import StorePlace, is_store


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Paths of what a data folder holds."""

    store: StorePlace
    metadata: tuple[Path, ...]
    """Metadata tables, at least one."""
    statistics: Path | None = None
    """Means and standard deviations; None stands for the published ones."""

    def _repr_html_(self) -> str:
        """The parts, with the patches of each table, for notebooks."""
        tables = {table.name: f"{pq.read_metadata(table).num_rows:,} patches" for table in self.metadata}
        return card("Data folder", {"store": self.store, **tables, "statistics": self.statistics or "those of reBEN"})


def find_data(path: str | os.PathLike[str]) -> DataFolder:
    """Find store, tables and statistics of a data folder, or of a store with its tables beside it.

    Raises:
        MetadataError: if there is no such folder, no or more than one store, or no metadata table.
    """
    given = Path(path)
    if not given.is_dir():
        state = "is not a folder" if given.exists() else "does not exist"
        raise MetadataError(f"{given} {state}", hint=_EXPECTED)
    store = given if is_store(given) else _only_store(given)
    paths = DatasetPaths(store.resolve().parent if is_store(given) else given)
    if not paths.tables:
        raise MetadataError(f"{paths.root} has no metadata table, such as {paths.metadata.name}", hint=_EXPECTED)
    return DataFolder(store, paths.tables, paths.statistics if paths.statistics.exists() else None)


_EXPECTED = "a data folder holds a store and metadata.parquet; `reben build` and `reben encode --data` make one"


def _only_store(folder: Path) -> Path:
    """The store in a folder: the one with the usual name, else the only one.

    Raises:
        MetadataError: if there is none, or more than one.
    """
    usual = DatasetPaths(folder).store
    if is_store(usual):
        return usual
    stores = sorted(path for path in folder.iterdir() if path.is_dir() and is_store(path))
    if len(stores) == 1:
        return stores[0]
    if stores:
        names = ", ".join(path.name for path in stores)
        raise MetadataError(f"{folder} has {len(stores)} stores: {names}", hint=f"call one of them {usual.name}")
    below = sorted(path for path in folder.iterdir() if path.is_dir() and is_store(DatasetPaths(path).store))
    hint = f"did you mean {below[0]}?" if below else _EXPECTED
    if DatasetPaths(folder).s2.is_dir():
        hint = f"encode its GeoTIFFs: reben encode bigearthnet --data {folder}"
    raise MetadataError(f"{folder} has no store", hint=hint)
