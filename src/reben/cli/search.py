"""`reben search`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reben.acquire.options import SearchOptions
from reben.cli.console import context, stderr
from reben.cli.from_model import options_from, with_options_of
from reben.cli.options import writable

if TYPE_CHECKING:
    from reben.acquire.search import SearchResult


@with_options_of(SearchOptions)
def search(
    names: Annotated[list[str] | None, typer.Argument(help="Product names, with or without .SAFE.")] = None,
    output: Annotated[
        Path | None, typer.Option(callback=writable, help="CSV file to write; else standard output.")
    ] = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the model
) -> None:
    """Find products in the catalogue of the Copernicus Data Space: names, ids, sizes, checksums.

    Exit code 1 if a name has no single product that is online, or nothing matches; all others are listed.
    """
    from reben.acquire.products import write_products
    from reben.acquire.search import search as search_products

    options = options_from(SearchOptions, names=names, **settings)
    if options.is_by_name and (options.first or options.last or options.cloud is not None):
        raise typer.BadParameter("--from, --to and --max-cloud go with --tile or --area, not with names")
    result = search_products(options, context())
    write_products(output, result.found)
    _print_summary(result, output)


def _print_summary(result: "SearchResult", output: Path | None) -> None:
    """What was found, on standard error: standard output may hold the list.

    Raises:
        Exit: if a name has no product, or nothing was found.
    """
    size = sum(product.size or 0 for product in result.found)
    where = f"; see {output}" if output else ""
    stderr.print(f"{len(result.found)} products, {size / 1e9:,.1f} GB{where}", markup=False)
    for product in result.found:
        if not product.online:
            stderr.print(f"offline: {product.name}", markup=False)
    for name, problem in result.problems.items():
        stderr.print(f"not found: {name}: {problem}", markup=False)
    if result.problems or not result.found:
        raise typer.Exit(1)
