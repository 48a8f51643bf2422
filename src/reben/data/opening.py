"""From paths to a torch data set."""

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from reben.core.bands import select_bands
from reben.core.errors import MetadataError
from reben.data.dataset import PatchDataset
from reben.data.normalisation import PUBLISHED_STATISTICS, Statistics
from reben.data.patches import Patches
from reben.io.legend_files import legend_beside
from reben.io.metadata import AnyPath, read_metadata
from reben.io.store import open_store


def open_dataset(
    store: AnyPath,
    metadata: AnyPath | Sequence[AnyPath],
    *,
    split: str | None = None,
    bands: str | Sequence[str] = "all",
    snow_and_cloud: bool = False,
    reference_maps: bool = False,
    statistics: Statistics | None = PUBLISHED_STATISTICS,
) -> PatchDataset:
    """Patches as a torch data set.

    Args:
        store: path of the store.
        metadata: one or several metadata tables.
        split: `train`, `validation` or `test`; None takes all.
        bands: a set (`s1`, `s2`, `all`) or band names.
        snow_and_cloud: keep patches with seasonal snow, clouds or cloud shadows.
        reference_maps: give `mask` with every sample.
        statistics: means and standard deviations; None leaves pixels as they are stored.

    Raises:
        StoreError: if there is no store.
        MetadataError: if a table is wrong, has no row for the split, or does not fit the store.
    """
    tables = [Path(metadata)] if isinstance(metadata, str | os.PathLike) else [Path(path) for path in metadata]
    legend = legend_beside(tables)
    rows = read_metadata(tables, legend=legend)
    patches = Patches.from_metadata(rows, split=split, snow_and_cloud=snow_and_cloud, legend=legend)
    if not len(patches):
        raise MetadataError(
            f"the metadata tables have no patch for the {split} split"
            if split
            else "the metadata tables have no patch",
            hint="give the tables that list them; snowy and cloudy patches take part only if asked for",
        )
    del rows  # the tables of all of reBEN take some hundred megabytes
    pa.default_memory_pool().release_unused()
    opened = open_store(store)
    patches.expect_in(opened, select_bands(bands), reference_maps=reference_maps)
    return PatchDataset(opened, patches, bands, statistics=statistics, reference_maps=reference_maps)
