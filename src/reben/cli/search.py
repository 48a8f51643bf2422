"""`reben search`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reben.acquire.options import SearchOptions
from reben.acquire.stac.options import StacOptions
from reben.cli.console import STDOUT, context, print_json, stderr
from reben.cli.from_model import options_from, separated, with_options_of
from reben.cli.options import writable

if TYPE_CHECKING:
    from reben.acquire.search import SearchResult
    from reben.acquire.stac.search import StacResult

_MOST_NAMED = 20
"""Items without use that are named; a catalogue may have thousands."""


@with_options_of(StacOptions)
@with_options_of(SearchOptions)
def search(
    names: Annotated[list[str] | None, typer.Argument(help="Product names, with or without .SAFE.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(callback=writable, help="File to write: CSV, of --stac JSON; else standard output."),
    ] = None,
    **settings: Any,  # noqa: ANN401 - an option for each field of the models
) -> None:
    """Find products in the catalogue of the Copernicus Data Space: names, ids, sizes, checksums.

    With --stac it finds items of a STAC catalogue, in a file that `reben build` reads.

    Exit code 1 if a name has no single product that is online, or nothing matches; all others are listed.
    """
    stac, settings = separated(StacOptions, settings)
    options = options_from(SearchOptions, names=names, **settings)
    if options.is_by_name and (options.first or options.last or options.cloud is not None):
        raise typer.BadParameter("--from, --to and --max-cloud go with --tile or --area, not with names")
    if stac.stac:
        if options.is_by_name:
            raise typer.BadParameter("--stac goes with --tile or --area, not with names")
        _search_stac(options, stac, output)
        return
    if stac.collection:
        raise typer.BadParameter("--collection goes with --stac")
    from reben.acquire.products import write_products
    from reben.acquire.search import search as search_products

    result = search_products(options, context())
    write_products(output, result.found)
    _print_summary(result, output)


def _search_stac(options: SearchOptions, stac: StacOptions, output: Path | None) -> None:
    from reben.acquire.stac.search import search_stac

    result = search_stac(options, stac, context())
    if result.items or output is None:
        print_json(output or STDOUT, result.collection())
    _print_items(result, output)


def _print_items(result: "StacResult", output: Path | None) -> None:
    """What was found, on standard error.

    Raises:
        Exit: if nothing was.
    """
    passed = f", {result.passed_over} others passed over" if result.passed_over else ""
    where = f"; see {output}" if output and result.items else ""
    stderr.print(f"{len(result.items)} items{passed}{where}", markup=False)
    for name, reason in list(result.unusable.items())[:_MOST_NAMED]:
        stderr.print(f"left out: {name}: {reason}", markup=False)
    if result.unusable:
        stderr.print(f"left out: {len(result.unusable)} items that cannot be used", markup=False)
    if not result.items:
        raise typer.Exit(1)


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
