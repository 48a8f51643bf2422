"""`reben download`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reben.acquire.options import DownloadOptions
from reben.cli.console import print_json, progress, say, stderr
from reben.cli.from_model import options_from, with_options_of
from reben.cli.options import Json

if TYPE_CHECKING:
    from reben.acquire.folder import Report


@with_options_of(DownloadOptions)
def download(
    products: Annotated[
        Path, typer.Argument(help="CSV file of `reben search`, or any with name and id.", show_default=False)
    ],
    output: Annotated[Path, typer.Option(help="Folder for the products.", show_default=False)],
    json: Json = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Download products from the Copernicus Data Space, and verify them.

    User name and password come from CDSE_USERNAME and CDSE_PASSWORD, or from the keyring (service reben-cdse). What was
    stopped resumes when the same command is given again; what is there already is left alone.
    """
    from reben.acquire.download import download as download_products
    from reben.acquire.products import read_products

    options = options_from(DownloadOptions, **settings)
    with progress("downloading", in_bytes=True) as start:
        report = download_products(read_products(products), output, options, start=start)
    if json is not None:
        print_json(json, report.as_json())
    _print_result(report, output, to_stdout=json is None)


def _print_result(report: "Report", output: Path, *, to_stdout: bool) -> None:
    """Products on standard output, failures on standard error; exit code 1 if there are any.

    Raises:
        Exit: if a product is not there.
    """
    from reben.acquire.folder import State

    complete, present = report.of([State.complete]), report.of([State.present])
    missing = report.of([State.failed, State.stopped])
    if to_stdout:
        for outcome in [*complete, *present]:
            say(output / outcome.path)
    gigabytes = sum(outcome.bytes for outcome in report.outcomes.values()) / 1e9
    stderr.print(
        f"{len(complete)} complete ({gigabytes:,.2f} GB came), {len(present)} there already, {len(missing)} missing; "
        f"see {report.path}",
        markup=False,
    )
    for outcome in missing:
        stderr.print(f"{outcome.state.value}: {outcome.product.name}: {outcome.reason}", markup=False)
    if missing:
        raise typer.Exit(1)
