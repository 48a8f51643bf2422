"""`reben search`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reben.acquire.query import ProductKind
from reben.cli.console import progress, stderr
from reben.cli.options import writable

if TYPE_CHECKING:
    from reben.acquire.products import CatalogueProduct
    from reben.acquire.query import Query
    from reben.acquire.search import SearchResult

_NAMES, _QUERY = "By name", "By place and time"
_DAY = ["%Y-%m-%d"]


def search(
    names: Annotated[list[str] | None, typer.Argument(help="Product names, with or without .SAFE.")] = None,
    names_file: Annotated[
        Path | None,
        typer.Option("--names", help="CSV file with a column name, or one name a line.", rich_help_panel=_NAMES),
    ] = None,
    reben: Annotated[bool, typer.Option("--reben", help="The 125 products of reBEN.", rich_help_panel=_NAMES)] = False,
    tile: Annotated[str, typer.Option(help="MGRS tile, such as 33UUP.", rich_help_panel=_QUERY)] = "",
    area: Annotated[
        Path | None, typer.Option(help="GeoJSON file with polygons (EPSG:4326).", rich_help_panel=_QUERY)
    ] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=_DAY, help="First day (UTC).", rich_help_panel=_QUERY)
    ] = None,
    last: Annotated[
        datetime | None, typer.Option("--to", formats=_DAY, help="Last day (UTC).", rich_help_panel=_QUERY)
    ] = None,
    cloud: Annotated[
        float | None,
        typer.Option("--max-cloud", min=0, max=100, help="Maximum cloud cover in percent.", rich_help_panel=_QUERY),
    ] = None,
    kind: Annotated[
        ProductKind,
        typer.Option("--type", case_sensitive=False, help="GRD is Sentinel-1.", rich_help_panel=_QUERY),
    ] = ProductKind.l1c,
    output: Annotated[
        Path | None, typer.Option(callback=writable, help="CSV file to write; else standard output.")
    ] = None,
) -> None:
    """Find products in the catalogue of the Copernicus Data Space: names, ids, sizes, checksums.

    Exit code 1 if a name has no single product that is online, or nothing matches; all others are listed.
    """
    from reben.acquire.product_list import read_names, reben_names, with_suffix, write_products
    from reben.acquire.query import Query

    days = {"start": first.date() if first else None, "end": last.date() if last else None}
    by_name = bool(names or names_file or reben)
    by_query = bool(tile or area or first or last or cloud is not None)
    if by_name == by_query:
        raise typer.BadParameter("give names, --names or --reben, or else --tile or --area with --from, --to, --cloud")
    if by_name:
        wanted = {with_suffix(name): "" for name in names or ()}
        wanted |= read_names(names_file) if names_file else {}
        wanted |= reben_names() if reben else {}
        result = _search_names(wanted)
        found, problems = result.found, result.problems
    else:
        from reben.acquire.area import read_area

        query = Query(kind, tile, cloud_pct=cloud, polygons=read_area(area) if area else (), **days)
        found, problems = _search(query), {}
    write_products(output, found)
    _print_summary(found, problems, output)


def _search_names(wanted: dict[str, str]) -> "SearchResult":
    from reben.acquire.catalogue import open_catalogue
    from reben.acquire.search import search_names

    with open_catalogue() as catalogue, progress("searching") as start:
        return search_names(catalogue, wanted, progress=start(len(wanted)))


def _search(query: "Query") -> "list[CatalogueProduct]":
    from reben.acquire.catalogue import open_catalogue

    with open_catalogue() as catalogue, stderr.status("searching ..."):
        return catalogue.products_of(query)


def _print_summary(found: "list[CatalogueProduct]", problems: dict[str, str], output: Path | None) -> None:
    """What was found, on standard error: standard output may hold the list.

    Raises:
        Exit: if a name has no product, or nothing was found.
    """
    size = sum(product.size or 0 for product in found)
    where = f"; see {output}" if output else ""
    stderr.print(f"{len(found)} products, {size / 1e9:,.1f} GB{where}", markup=False)
    for product in found:
        if not product.online:
            stderr.print(f"offline: {product.name}", markup=False)
    for name, problem in problems.items():
        stderr.print(f"not found: {name}: {problem}", markup=False)
    if problems or not found:
        raise typer.Exit(1)
