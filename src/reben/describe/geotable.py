"""Metadata tables with footprints: GeoParquet in longitude and latitude, made so that spatial filters read little."""

from collections.abc import Iterator
from pathlib import Path

from reben.core.errors import MetadataError
from reben.describe.footprints import Footprints
from reben.describe.patch_tables import PatchTable
from reben.io.geoparquet import Rows, write_row_groups
from reben.io.qgis_outlines import write_table_style

ROWS_PER_GROUP = 8192
"""Two or three tiles of reBEN: tables are sorted by tile, so that the boxes of row groups stay small."""


def write_geotable(target: Path, patches: PatchTable) -> None:
    """Write the columns of metadata tables with a footprint and a box per patch.

    Args:
        target: file to write; it appears whole or not at all.
        patches: what to write.

    Raises:
        MetadataError: if it is not known where the patches lie.
    """
    if patches.footprints is None:
        raise MetadataError(patches.unplaced, hint="give a build-report.json beside the table, or leave footprints out")
    write_row_groups(target, _groups(patches, patches.footprints), patches.footprints.summary())


def write_geotable_style(target: Path, patches: PatchTable) -> None:
    """Write a style beside such a table, unless there is one, with which QGIS shows splits and classes in colours.

    Args:
        target: the table.
        patches: what is in it.
    """
    legend = patches.legend
    write_table_style(target, dict(zip(legend.class_names, legend.class_colours, strict=True)))


def starts(rows: int) -> range:
    """First rows of the row groups; one, if there is no row."""
    return range(0, max(rows, 1), ROWS_PER_GROUP)


def _groups(patches: PatchTable, footprints: Footprints) -> Iterator[Rows]:
    for first in starts(patches.table.num_rows):
        part = footprints.taken(slice(first, first + ROWS_PER_GROUP))
        yield Rows(patches.table.slice(first, ROWS_PER_GROUP), part.polygons(), part.boxes())
