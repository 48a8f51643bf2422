"""Options that several commands share."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reben.cli.console import STDOUT
from reben.core.text import printable


class OnError(StrEnum):
    """What to do after an error."""

    stop = "stop"
    skip = "skip"


Store = Annotated[Path, typer.Option(help="Store that `reben encode` wrote.", show_default=False)]
Metadata = Annotated[
    list[Path], typer.Option(help="Metadata table (Parquet). May be given several times.", show_default=False)
]
Checkpoint = Annotated[
    Path,  # a name on the hub, too: owner/name@revision goes through Path unchanged
    typer.Option(
        help="Run directory of `reben train`, a folder with published weights, or owner/name[@revision] on the "
        "Hugging Face hub.",
        show_default=False,
    ),
]
BatchSize = Annotated[int, typer.Option(min=1, help="Patches per step.")]
LoadingWorkers = Annotated[
    int | None,
    typer.Option(
        min=0, help="Loading threads; 0 makes each batch when it is needed. By default several beside a GPU, else 0."
    ),
]


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
