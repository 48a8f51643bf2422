"""`reben correct`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reben.cli.console import context, print_json, say, stderr
from reben.cli.from_model import options_from, with_options_of
from reben.cli.options import Json
from reben.core.wording import first_of
from reben.correct.options import CorrectOptions

if TYPE_CHECKING:
    from reben.correct.correction import CorrectionResult


@with_options_of(CorrectOptions)
def correct(
    l1c: Annotated[
        list[Path], typer.Argument(help="L1C products (.SAFE or zipped), or folders with some.", show_default=False)
    ],
    output: Annotated[Path, typer.Option(help="Folder for the L2A products.", show_default=False)],
    json: Json = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Correct Sentinel-2 L1C products for the atmosphere.

    Products that are in the output folder already are left alone: give the same command again to resume.
    """
    from reben.correct.stage import correct_products

    options = options_from(CorrectOptions, **settings)
    corrected = correct_products(l1c, output, options, context())
    _print_result(corrected.result, output, json, checksums=options.checksums)


def _print_result(result: "CorrectionResult", output: Path, json: Path | None, *, checksums: bool) -> None:
    """Products on standard output, failures on standard error; exit code 1 if there are any.

    Raises:
        Exit: if a product failed.
    """
    if json is not None:
        corrected = {name: record.as_json() for name, record in result.corrected.items()}
        print_json(json, {"corrected": corrected, "present": result.present, "failed": result.failed})
    else:
        for record in result.corrected.values():
            say(output / record.product)
    bare = [record.source for record in result.corrected.values() if not record.compared_with]
    if bare and checksums:
        stderr.print(f"note: {first_of(bare)}: without checksums; damage in images may go unnoticed", markup=False)
    stderr.print(
        f"{len(result.corrected)} corrected, {len(result.present)} there already, {len(result.failed)} failed",
        markup=False,
    )
    for name, message in result.failed.items():
        stderr.print(f"failed: {name}: {message}", markup=False)
    if result.failed:
        raise typer.Exit(1)
