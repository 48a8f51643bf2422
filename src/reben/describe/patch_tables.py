"""The metadata tables of a data set as one table, with where its patches lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from reben.core.classes import Legend
from reben.core.errors import MetadataError
from reben.describe.footprints import Footprints, footprints_of
from reben.io.dataset.legends import legend_of_tables
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.dataset.tile_extents import TileExtents
from reben.verify.rules import read_rules, tables_of


@dataclass(frozen=True, slots=True)
class PatchTable:
    """All patches of a data set."""

    table: pa.Table
    """Columns of metadata tables, sorted by patch id."""
    legend: Legend
    patch_size_m: int
    """Side of a patch."""
    footprints: Footprints | None
    """Where the patches lie; None if their names do not tell."""
    unplaced: str = ""
    """Why not."""


def find_tables(given: Sequence[Path]) -> list[Path]:
    """Metadata tables: those that are given, and those in folders that are given.

    Raises:
        MetadataError: if a folder has none, or nothing is given.
    """
    tables = [table for path in given for table in (tables_of(path) if path.is_dir() else [path])]
    if not tables:
        raise MetadataError("no metadata table given", hint="give tables, or folders that hold some")
    return tables


def read_patch_table(tables: Sequence[Path]) -> PatchTable:
    """Tables as one.

    Raises:
        MetadataError: if a table is wrong, or the tables have patches of different sizes.
        LegendError: if their legends differ.
    """
    rules = [read_rules(DatasetPaths(folder)) for folder in dict.fromkeys(path.parent for path in tables)]
    sizes_m = sorted({found.patch_size_m for found in rules})
    if len(sizes_m) > 1:
        raise MetadataError(
            f"the tables have patches of {' and '.join(map(str, sizes_m))} m", hint="give tables of one data set"
        )
    legend = legend_of_tables(tables)
    table = read_metadata(list(tables), legend=legend).sort_by("patch_id").combine_chunks()
    extents = TileExtents({tile: extent for found in rules for tile, extent in found.extents.items()})
    try:
        places = footprints_of(table["patch_id"], extents, patch_size_m=sizes_m[0])
    except MetadataError as error:
        return PatchTable(table, legend, sizes_m[0], None, str(error))
    return PatchTable(table, legend, sizes_m[0], places)
