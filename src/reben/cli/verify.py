"""`reben verify`."""

from pathlib import Path
from typing import Annotated

import typer

from reben.cli import options
from reben.cli.console import STDOUT, print_json, stderr


def verify(
    published: Annotated[
        list[Path], typer.Option(help="Published metadata table. May be given several times.", show_default=False)
    ],
    v1_geometries: Annotated[
        Path | None, typer.Option(help="Directory with the v1 footprints; countries are then recomputed, too.")
    ] = None,
    json: options.Json = None,
) -> None:
    """Hold published metadata tables against the rules: order, names, split, country.

    Ends with exit code 1 where something differs.
    """
    from reben.verify.published import verify_published

    with stderr.status("verifying ..."):
        checks = verify_published(published, v1_geometries=v1_geometries)
    differences = sum(check.differences for check in checks)
    if json is not None:
        print_json(json, {"differences": differences, "checks": [check.as_dict() for check in checks]})
    if json != STDOUT:
        for check in checks:
            typer.echo(f"{check.checked:>9,} checked, {check.differences:>7,} differ: {check.rule}")
            for finding in check.findings:
                typer.echo(f"          {finding.where}: {finding.what}")
    if differences:
        raise typer.Exit(1)
