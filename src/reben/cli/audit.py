"""`reben audit`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from reben.audit.options import AuditOptions
from reben.cli import options
from reben.cli.console import STDOUT, print_json, progress, say
from reben.cli.from_model import options_from, with_options_of


@with_options_of(AuditOptions)
def audit(
    copy: Annotated[
        Path,
        typer.Argument(
            help="Folder of GeoTIFFs, data folder, store (LMDB), HDF5 file or TACO file.", show_default=False
        ),
    ],
    reference: Annotated[
        Path | None,
        typer.Option(
            help="Published patches, known to be right, in any of these formats; or a metadata table.",
            show_default=False,
        ),
    ] = None,
    json: options.Json = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Say in words whether a copy of reBEN, or of a part of it, is right.

    Bands, units, scales, resampling, orientation, labels, maps and splits are held against published values of the same
    patches, or against what is true of every real patch. Ends with exit code 1 where something is wrong.
    """
    from reben.audit.run import audit as run_audit

    chosen = options_from(AuditOptions, **settings)
    with progress(f"auditing {copy.name}") as start:
        report = run_audit(copy, reference, bands=chosen.bands, patches=chosen.patches, seed=chosen.seed, start=start)
    if json is not None:
        print_json(json, report.as_dict())
    if json != STDOUT:
        say(report)
    if not report.ok:
        raise typer.Exit(1)
