"""`reben metadata`."""

from pathlib import Path
from typing import Annotated

import typer

from reben.cli.console import say
from reben.cli.options import expect_ending, expect_no_input, writable


def metadata(
    tables: Annotated[
        list[Path], typer.Argument(help="Metadata tables, or data folders that hold some.", show_default=False)
    ],
    output: Annotated[Path, typer.Option(callback=writable, help="Parquet file to write.", show_default=False)],
    geometry: Annotated[
        bool, typer.Option("--geometry", help="Add the footprint of every patch (GeoParquet 1.1, WGS 84).")
    ] = False,
) -> None:
    """Join metadata tables into one, also with the footprint of every patch.

    Footprints follow from the names of the patches, or from the build report beside a table: no image is needed. Beside
    a table with footprints goes a style, *.qml, with which QGIS shows splits and classes by name and colour.
    """
    from reben.describe.geotable import write_geotable, write_geotable_style
    from reben.describe.patch_tables import find_tables, read_patch_table
    from reben.io.dataset.metadata import write_metadata

    expect_ending(output, (".parquet", ".geoparquet"), "--output")
    paths = find_tables(tables)
    expect_no_input(output, paths)
    patches = read_patch_table(paths)
    if geometry:
        write_geotable(output, patches)
        write_geotable_style(output, patches)
    else:
        write_metadata(output, patches.table)
    say(f"{output}: {patches.table.num_rows:,} patches{' with footprints' if geometry else ''}")
