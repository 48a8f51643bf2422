"""What a search for names found, and which names have no single product that can be downloaded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reben.acquire.catalogue import Catalogue
from reben.acquire.products import CatalogueProduct


@dataclass
class SearchResult:
    """Products, and names without one."""

    found: list[CatalogueProduct] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    """What is wrong, by name."""


def search_names(
    catalogue: Catalogue, names: Mapping[str, str], *, progress: Callable[[int], None] = lambda _: None
) -> SearchResult:
    """The one online product of each name.

    Args:
        catalogue: where to look.
        names: product names with `.SAFE`, each with the id that it is known to have, or an empty text. Where there are
            several products of a name, the id decides.
        progress: is told how many further names were looked up.

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
