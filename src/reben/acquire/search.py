"""The search for products, and which names have no single product that can be downloaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reben.acquire.catalogue import Catalogue, open_catalogue
from reben.acquire.options import SearchOptions
from reben.acquire.products import CatalogueProduct, read_names, reben_names, with_suffix
from reben.acquire.query import Query, read_area
from reben.work.context import Context
from reben.work.progress import Advance, unseen


@dataclass
class SearchResult:
    """Products, and names without one."""

    found: list[CatalogueProduct] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    """What is wrong, by name."""


def search(options: SearchOptions, context: Context | None = None) -> SearchResult:
    """Look for products in the catalogue, as options say.

    Args:
        options: which products.
        context: shows progress.

    Raises:
        CatalogueError: if a file or a value cannot be used, or the catalogue does not answer as it should.
    """
    context = context or Context()
    names = _names(options) if options.is_by_name else {}
    query = None if options.is_by_name else _query(options)
    with open_catalogue() as catalogue, context.progress("searching") as begin:
        progress = begin(max(1, len(names)))
        if query is None:
            return search_names(catalogue, names, progress=progress)
        found = catalogue.products_of(query)
        progress(1)
        return SearchResult(found)


def _names(options: SearchOptions) -> dict[str, str]:
    """Wanted products, with the ids that they are known to have."""
    names = {with_suffix(name): "" for name in options.names}
    names |= read_names(options.names_file) if options.names_file else {}
    return names | (reben_names() if options.reben else {})


def _query(options: SearchOptions) -> Query:
    area = read_area(options.area) if options.area else ()
    return Query(options.type, options.tile, options.first, options.last, options.cloud, area)


def search_names(catalogue: Catalogue, names: Mapping[str, str], *, progress: Advance = unseen) -> SearchResult:
    """The one online product of each name.

    Args:
        catalogue: where to look.
        names: product names with `.SAFE`, each with the id that it is known to have, or an empty text. Where there are
            several products of a name, the id decides.
        progress: called with the number of names just looked up.

    Raises:
        CatalogueError: if a name is none, or the catalogue does not answer as it should.
    """
    result = SearchResult()
    for name, products in catalogue.products_named(list(names), progress=progress).items():
        matches = [product for product in products if product.id == names[name]] or products
        online = [product for product in matches if product.online]
        if len(online) == 1:
            result.found.append(online[0])
        else:
            result.problems[name] = _problem(matches, online)
    return result


def _problem(matches: list[CatalogueProduct], online: list[CatalogueProduct]) -> str:
    if not matches:
        return "the catalogue has no product of this name"
    if not online:
        return "offline: order it on the service's web page, and try again in some hours"
    return f"the catalogue has {len(online)} products of this name: {', '.join(product.id for product in online)}"
