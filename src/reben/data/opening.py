"""From paths to a torch data set: a data folder, or a store with metadata tables."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa

from reben.core.errors import MetadataError
from reben.data.dataset import PatchDataset, Sample
from reben.data.normalisation import PUBLISHED_STATISTICS, Statistics
from reben.data.patches import chosen_patches
from reben.data.stored_bands import bands_of
from reben.io.dataset.folder import DataFolder, find_data
from reben.io.dataset.legends import legend_of_tables
from reben.io.dataset.metadata import AnyPath, read_metadata
from reben.io.dataset.statistics import read_statistics
from reben.io.store import open_store
from reben.net.addresses import Address, is_address, path_or_address

AnyStatistics = Statistics | str | Path | None
"""Means and standard deviations, or the path of their file; None for none.

`data` stands for those of the data folder, or else the published ones.
"""


def open_dataset(
    data: AnyPath | Address,
    metadata: AnyPath | Sequence[AnyPath] | None = None,
    *,
    split: str | None = None,
    bands: str | Sequence[str] = "all",
    snow_and_cloud: bool = False,
    reference_maps: bool = False,
    statistics: AnyStatistics = "data",
    transforms: Callable[[Sample], Sample] | None = None,
) -> PatchDataset:
    """Patches as a torch data set: dicts with `image`, `label`, `patch_id` and, with `reference_maps=True`, `mask`.

    `image` is float32 of shape (C, H, W), `label` int64 of shape (classes,), `mask` int64 of shape (H, W), -1 where
    unlabelled. Any `DataLoader` takes the data set; `dataset.classes` names the classes.

    Args:
        data: a data folder, which holds a store and its tables; or a store or the address of one, with `metadata`.
        metadata: one or several metadata tables; None takes those of the data folder.
        split: `train`, `validation` or `test`; None takes all.
        bands: a set (`s1`, `s2`, `all`, `rgb`) or band names; the order of the channels.
        snow_and_cloud: keep patches with seasonal snow, clouds or cloud shadows.
        reference_maps: give `mask` with every sample.
        statistics: means and standard deviations by band, or the path of a file of them; `data` takes
            `statistics.json` of the data folder if there is one, else the published ones; None leaves pixels as they
            are stored.
        transforms: called with each sample, returns the sample to use instead, as in torchgeo.

    Raises:
        StoreError: if there is no store.
        MetadataError: if a table is wrong, has no row for the split, or does not fit the store.
        BandError: if the store has no such band, or there are no statistics for it.
    """
    found = data_at(data, metadata)
    legend = legend_of_tables(found.metadata)
    rows = read_metadata(found.metadata, legend=legend)
    patches = chosen_patches(rows, legend, split=split, snow_and_cloud=snow_and_cloud)
    del rows  # the tables of all of reBEN take some hundred megabytes
    pa.default_memory_pool().release_unused()
    store = open_store(found.store)
    patches.expect_in(store, bands_of(store, patches.ids[0].as_py(), bands), reference_maps=reference_maps)
    return PatchDataset(
        store,
        patches,
        bands,
        statistics=chosen_statistics(found, statistics),
        reference_maps=reference_maps,
        transforms=transforms,
    )


def data_at(data: AnyPath | Address, metadata: AnyPath | Sequence[AnyPath] | None = None) -> DataFolder:
    """Store and tables: of a data folder, or as they are given.

    Raises:
        MetadataError: if `data` is not a data folder and no table is given.
    """
    if metadata is None and is_address(data):
        raise MetadataError(
            f"{path_or_address(data)}: metadata tables are not looked for at an address",
            hint="give their files, too: open_dataset(ADDRESS, METADATA)",
        )
    if metadata is None:
        return find_data(str(data))
    given = [metadata] if isinstance(metadata, str | os.PathLike) else metadata
    return DataFolder(path_or_address(data), tuple(Path(path) for path in given))


def chosen_statistics(data: DataFolder, statistics: AnyStatistics) -> Statistics | None:
    """The statistics that `data` stands for, if it is not others that are wanted.

    Raises:
        MetadataError: if the file cannot be used.
    """
    if statistics != "data":
        return read_statistics(Path(statistics)) if isinstance(statistics, str | Path) else statistics
    return PUBLISHED_STATISTICS if data.statistics is None else read_statistics(data.statistics)
