"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Store = Annotated[Path, typer.Option(help="Store that `reben encode` wrote.", show_default=False)]
Metadata = Annotated[
    list[Path], typer.Option(help="Metadata table (Parquet). May be given several times.", show_default=False)
]
Checkpoint = Annotated[
    Path, typer.Option(help="Run directory of `reben train`, or a folder with published weights.", show_default=False)
]
BatchSize = Annotated[int, typer.Option(min=1, help="Patches per step.")]
LoadingWorkers = Annotated[
    int | None,
    typer.Option(
        min=0, help="Loading processes; 0 loads in the main process. By default several beside a GPU, else 0."
    ),
]
Json = Annotated[Path | None, typer.Option("--json", help="Write the result to this JSON file; - for standard output.")]
SnowAndCloud = Annotated[
    bool, typer.Option("--snow-and-cloud", help="Keep patches with seasonal snow, clouds or cloud shadows.")
]
