"""Options that several commands share."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reben.cli.console import STDOUT
from reben.core.text import printable

if TYPE_CHECKING:
    from reben.io.dataset.folder import DataFolder


Tables = Annotated[list[Path], typer.Argument(help="Metadata tables (Parquet), or a data folder.", show_default=False)]
PICTURE_ENDINGS = (".png", ".pdf", ".svg")
DATA_PANEL = "Data"
Data = Annotated[
    Path | None,
    typer.Option(
        help="Data folder: a store, its metadata tables, legend and statistics.",
        show_default=False,
        rich_help_panel=DATA_PANEL,
    ),
]
Store = Annotated[
    str | None,
    typer.Option(
        help="Store that `reben encode` wrote, or the address of one, instead of --data.",
        show_default=False,
        rich_help_panel=DATA_PANEL,
        metavar="PATH|URL",
    ),
]
Metadata = Annotated[
    list[Path] | None,
    typer.Option(
        help="Metadata table (Parquet) of the store. May be repeated.", show_default=False, rich_help_panel=DATA_PANEL
    ),
]
Checkpoint = Annotated[
    Path,  # a name on the hub, too: owner/name@revision goes through Path unchanged
    typer.Option(
        help="Run directory of `reben train`, a folder with published weights, or owner/name or owner/name@revision on "
        "the Hugging Face hub.",
        show_default=False,
    ),
]
TileExtents = Annotated[
    Path | None,
    typer.Option(
        help="Where tiles lie, if neither the build-report.json beside the store nor their names tell: such a report, "
        "or a CSV file with tile,crs,ulx_m,uly_m.",
        show_default=False,
    ),
]
LoadingWorkers = Annotated[
    int | None,
    typer.Option(
        min=0,
        help="Threads that load batches; 0 loads each batch when it is needed. By default several with a GPU, else 0.",
    ),
]


def inputs(data: Path | None, store: str | None, metadata: list[Path] | None) -> "DataFolder":
    """Store and tables: of a data folder, or as they are given.

    Raises:
        BadParameter: if neither or both are given.
        MetadataError: if it is not a data folder.
        AddressError: if the store is at an address that cannot be read.
    """
    from reben.io.dataset.folder import DataFolder, find_data
    from reben.net.addresses import path_or_address

    if data is not None:
        if store is not None or metadata:
            raise typer.BadParameter("give either --data, or --store with --metadata")
        return find_data(data)
    if store is None or not metadata:
        missing = "--metadata" if store is not None else "--store" if metadata else "--data"
        raise typer.BadParameter(f"{missing} is missing; give --data, or --store with --metadata")
    return DataFolder(path_or_address(store), tuple(metadata))


def expect_readable(found: "DataFolder", bands: str | None = None) -> None:
    """Notice a wrong path or band at once, before seconds of imports and minutes of work.

    Args:
        found: store and tables.
        bands: selection of bands that the store must have; None if that is not known yet.

    Raises:
        StoreError: if there is no store.
        MetadataError: if a table cannot be read.
        BandError: if the store has no such band.
    """
    from reben.data.stored_bands import bands_of
    from reben.io.dataset.metadata import first_patch
    from reben.io.store import open_store

    store = open_store(found.store)
    for table in found.metadata:
        patch_id = first_patch(table)
        if bands is not None and patch_id is not None:
            bands_of(store, patch_id, bands)


def expect_ending(path: Path | None, endings: Sequence[str], option: str) -> None:
    """Check that a file has the ending of what is written into it, so that no format hides under another's name.

    Raises:
        BadParameter: if it has another one.
    """
    if path is not None and path != STDOUT and path.suffix.lower() not in endings:
        raise typer.BadParameter(f"{option} is {path}; expected a name that ends with {' or '.join(endings)}")


def writable(path: Path | None) -> Path | None:
    """Check before hours of work that the result can be written.

    Raises:
        BadParameter: if it cannot.
    """
    if path is not None and path != STDOUT:
        folder = next((parent for parent in path.absolute().parents if parent.exists()), path)
        if path.is_dir() or not folder.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
            raise typer.BadParameter(f"{printable(str(path))} cannot be written")
    return path


Json = Annotated[
    Path | None,
    typer.Option("--json", callback=writable, help="Write the result to this JSON file; - for standard output."),
]
SnowAndCloud = Annotated[
    bool, typer.Option("--snow-and-cloud", help="Keep patches with seasonal snow, clouds or cloud shadows.")
]


def table_paths(given: Sequence[Path]) -> list[Path]:
    """The tables that were given, or that lie in the folders that were given."""
    from reben.io.dataset.paths import DatasetPaths

    return [path for one in given for path in (DatasetPaths(one).tables if one.is_dir() else [one]) or [one]]


def expect_no_input(output: Path, inputs: Sequence[Path]) -> None:
    """Notice a table that would replace one of those it is made of.

    Raises:
        TargetExistsError: if it would.
    """
    from reben.core.errors import TargetExistsError

    if output.exists() and any(path.exists() and output.samefile(path) for path in inputs):
        raise TargetExistsError(f"{output} is one of the tables that are read", hint="choose another --output")
