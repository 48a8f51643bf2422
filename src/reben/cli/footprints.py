"""`reben footprints`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reben.cli.console import progress, say, stderr
from reben.cli.options import expect_no_input, writable

if TYPE_CHECKING:
    from reben.describe.footprints import Footprints

_PARQUET = {".parquet", ".geoparquet"}


def footprints(
    patches: Annotated[
        Path,
        typer.Argument(
            help="Folder with BigEarthNet v1 patches (JSON or TIFF), a data set of any area, or a store.",
            show_default=False,
            exists=True,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            callback=lambda path: writable(path) if path.suffix.lower() in _PARQUET else path,
            help="GeoParquet file to write; or, for v1 patches, a folder for one file per UTM zone.",
            show_default=False,
        ),
    ],
) -> None:
    """Write where patches lie, as a GIS reads it.

    A file gets all footprints in longitude and latitude (WGS 84). A folder gets one file per UTM zone, as
    `reben build --v1-geometries` takes it. Ends with exit code 1 if the place of a patch cannot be read.
    """
    from reben.core.wording import left_out_lines
    from reben.describe.v1_footprints import (
        find_v1_patches,
        read_v1_footprints,
        write_names_and_places,
        write_zones,
    )
    from reben.io.dataset.paths import DatasetPaths

    is_file = output.suffix.lower() in _PARQUET
    expect_no_input(output, DatasetPaths(patches).tables)
    v1 = find_v1_patches(patches) if patches.is_dir() else []
    if not is_file and (not v1 or output.suffix):
        raise typer.BadParameter(
            f"--output is {output}; expected a name that ends with .parquet{', or a folder' if v1 else ''}"
        )
    if not v1:
        names, places = _named_places(patches)
        write_names_and_places(output, names, places, column="patch_id")
        say(f"{output}: {len(names):,} patches")
        return
    with progress("reading places") as begin:
        found = read_v1_footprints(v1, progress=begin(len(v1)))
    if is_file:
        write_names_and_places(output, found.names, found.places, column="patch_name")
    else:
        write_zones(output, found)
    zones = len(found.places.systems)
    for line in left_out_lines(found.skipped):
        stderr.print(line, markup=False)
    say(f"{output}: {len(found.names):,} patches in {zones} UTM zone{'' if zones == 1 else 's'}")
    if found.skipped:
        raise typer.Exit(1)


def _named_places(data: Path) -> "tuple[list[str], Footprints]":
    """Patches of tables, folders or a store, with their footprints.

    Raises:
        MetadataError: if there is none, or it is not known where one lies.
    """
    import pyarrow as pa

    from reben.core.errors import MetadataError
    from reben.describe.footprints import footprints_of
    from reben.describe.patch_names import patch_names
    from reben.describe.patch_tables import read_patch_table
    from reben.io.dataset.paths import DatasetPaths

    tables = DatasetPaths(data).tables
    if not tables:
        names = patch_names(data)
        return names, footprints_of(pa.array(names, pa.string()))
    patches = read_patch_table(tables)
    if patches.footprints is None:
        raise MetadataError(patches.unplaced)
    return patches.table["patch_id"].to_pylist(), patches.footprints
