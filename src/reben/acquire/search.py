"""The search for products, and which names have no single product that can be downloaded."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reben.acquire.catalogue import Catalogue, open_catalogue
from reben.acquire.choice import Candidate, best_per_season
from reben.acquire.options import SearchOptions
from reben.acquire.products import CatalogueProduct, read_names, reben_names, with_suffix
from reben.acquire.query import Query, read_area, read_polygons
from reben.core.errors import CatalogueError, NameFormatError
from reben.core.names import ProductName
from reben.rules.seasons import season_periods
from reben.rules.tile_grid import tiles_of
from reben.work.context import Context
from reben.work.progress import Advance, unseen

_UNKNOWN_PCT = 100.0  # clouds


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
        if query is None:
            return search_names(catalogue, names, progress=begin(max(1, len(names))))
        questions = [query] if options.per_season is None else list(seasonal(query, options))
        progress = begin(len(questions))
        found: list[CatalogueProduct] = []
        for question in questions:
            answer = catalogue.products_of(question)
            found += answer if options.per_season is None else clearest(answer, options.per_season)
            progress(1)
        return SearchResult(sorted(found, key=lambda product: (product.sensing, product.name)))


def seasonal(query: Query, options: SearchOptions) -> Iterator[Query]:
    """The question for each tile and season by itself: one for a whole area would have too many answers.

    Raises:
        CatalogueError: if the area cannot be read, or needs no tile.
    """
    tiles = [options.tile] if options.tile else tiles_of(read_polygons(options.area)) if options.area else []
    if not tiles:
        raise CatalogueError(f"{options.area}: no tile of Sentinel-2 shows this area", hint="check its coordinates")
    if query.start is None or query.end is None:
        return
    for tile in tiles:
        for start, end in season_periods(query.start, query.end):
            yield replace(query, tile=tile, start=start, end=end, polygons=())


def clearest(products: Iterable[CatalogueProduct], count: int) -> list[CatalogueProduct]:
    """So many products per tile and season of a year: those with the least clouds; of several baselines the newest.

    Args:
        products: of Sentinel-2; others are left out.
        count: per tile and season.
    """
    named = {product.name: product for product in products}
    return [named[name] for name in best_per_season(_candidates(named.values()), count)]


def _candidates(products: Iterable[CatalogueProduct]) -> Iterator[Candidate]:
    for product in products:
        try:
            tile = ProductName.parse(product.name).tile
        except NameFormatError:
            continue
        yield Candidate(product.name, tile, _UNKNOWN_PCT if product.cloud_pct is None else product.cloud_pct)


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
