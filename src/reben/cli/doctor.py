"""`reben doctor`."""

from pathlib import Path
from typing import Annotated

import typer

from reben.cli import options
from reben.cli.console import STDOUT, print_json, say


def doctor(
    folder: Annotated[
        Path, typer.Argument(exists=True, file_okay=False, help="Where data will lie: how fast its disk is.")
    ] = Path(),
    disk: Annotated[bool, typer.Option(help="Measure the disk: writes 270 MB and removes them.")] = True,
    json: options.Json = None,
) -> None:
    """Say whether this machine and this installation are ready, and what to install for what.

    Lines that begin with ok are well, with -- need not be there, with !! must be put right; the exit code is 1 then.
    """
    from reben.doctor.diagnosis import diagnose

    found = diagnose(folder if disk else None)
    if json is not None:
        print_json(json, found.as_dict())
    if json != STDOUT:
        for line in found.lines():
            say(f"{line.mark}  {line.text}")
            if line.advice:
                say(f"      {line.advice}")
    if not found.healthy:
        raise typer.Exit(1)
