"""The catalogue of the Copernicus Data Space: questions, pages, products.

Source: https://documentation.dataspace.copernicus.eu/APIs/OData.html.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from httpx2 import Client

from reben.acquire.access import MOST_CONNECTIONS, Service
from reben.acquire.products import CatalogueProduct, expect_name, parse_product
from reben.acquire.query import Query, names_filter
from reben.core.errors import CatalogueError
from reben.io.small_files import parse_json
from reben.net.requests import ANSWER_S, open_client, open_response
from reben.net.retries import RetryPolicy, TransientError, retry
from reben.net.stopping import Stop
from reben.work.progress import Advance, unseen

_NAMES_AT_A_TIME = 20
"""As many as an address of 2,000 characters holds."""
_PAGE = 200
_MOST_PRODUCTS = 10_000
"""The service skips no more than these."""
_LARGEST_PAGE = 1 << 26  # bytes; a page of 200 has some 2 MB
_MOST_PAGES = 1_000
"""Even if they are small, or empty."""
_QUESTION_S = 3_600.0
"""How long all pages may take: fifty of them take a minute or two."""
_OPTIONS = [("$top", str(_PAGE)), ("$expand", "Attributes"), ("$orderby", "ContentDate/Start asc")]

Parameters = list[tuple[str, str]]
"""Of a question; some occur twice."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The catalogue, asked through a client."""

    service: Service
    client: Client
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    stop: Stop = field(default_factory=Stop)
    answer_s: float = ANSWER_S
    """How long a page may take."""
    clock: Callable[[], float] = time.monotonic

    def products_named(self, names: Sequence[str], *, progress: Advance = unseen) -> dict[str, list[CatalogueProduct]]:
        """All products of each name.

        Raises:
            CatalogueError: if a name is none, or the catalogue does not answer as it should.
        """
        for name in names:
            expect_name(name)
        found: dict[str, list[CatalogueProduct]] = {name: [] for name in names}
        for start in range(0, len(names), _NAMES_AT_A_TIME):
            some = names[start : start + _NAMES_AT_A_TIME]
            for product in self._ask(names_filter(some)):
                if product.name in found:
                    found[product.name].append(product)
            progress(len(some))
        return found

    def products_of(self, query: Query) -> list[CatalogueProduct]:
        """All products that match a query, by sensing time and name.

        Raises:
            CatalogueError: if the catalogue does not answer as it should, or there are more than it can list.
        """
        found = {product.id: product for question in query.filters() for product in self._ask(question)}
        return sorted(found.values(), key=lambda product: (product.sensing, product.name))

    def _ask(self, question: str) -> Iterator[CatalogueProduct]:
        """The products of all pages.

        Raises:
            CatalogueError: if a page is none, or pages do not end.
        """
        parameters: Parameters = [("$filter", question), *_OPTIONS]
        asked: set[str] = set()
        count, begun_s = 0, self.clock()
        while parameters:
            if len(asked) >= _MOST_PAGES or self.clock() - begun_s > _QUESTION_S:
                raise CatalogueError(
                    f"the catalogue's answer does not end: {len(asked):,} pages in {self.clock() - begun_s:,.0f} s",
                    hint="ask for fewer days, or a smaller area; or try again later",
                )
            key = json.dumps(sorted(parameters))
            if key in asked:
                raise CatalogueError("the catalogue returned the same page twice", hint="try again later")
            asked.add(key)
            page = self._page(parameters)
            for entry in page["value"]:
                count += 1
                if count > _MOST_PRODUCTS:
                    raise CatalogueError(
                        f"more than {_MOST_PRODUCTS:,} products match", hint="ask for fewer days, or a smaller area"
                    )
                yield parse_product(entry)
            parameters = _next(page)

    def _page(self, parameters: Parameters) -> dict[str, Any]:
        """One page.

        Raises:
            CatalogueError: if the catalogue refuses, or does not answer.
        """
        try:
            return retry(lambda: self._page_once(parameters), self.policy)[0]
        except TransientError as error:
            raise CatalogueError(
                f"{self.service.catalogue}: {error}", hint="try again later; https://dataspace.copernicus.eu says why"
            ) from error

    def _page_once(self, parameters: Parameters) -> dict[str, Any]:
        with open_response(
            self.client, "GET", self.service.products, stop=self.stop, params=parameters, whole_within_s=self.answer_s
        ) as response:
            answer = bytearray()
            for chunk in response.iter_bytes():
                answer += chunk
                if len(answer) > _LARGEST_PAGE:
                    raise CatalogueError(f"a page of the catalogue has more than {_LARGEST_PAGE:,} bytes")
        if response.status_code != 200:  # noqa: PLR2004
            raise CatalogueError(
                f"the catalogue answers with status {response.status_code}: {bytes(answer[:300])!r}",
                hint=f"check REBEN_CDSE_CATALOGUE ({self.service.catalogue}) and what was asked for",
            )
        try:
            page = parse_json(answer.decode())
        except ValueError:
            page = None
        if not isinstance(page, dict) or not isinstance(page.get("value"), list):
            raise TransientError("what the catalogue answers is not a list of products")
        return page


@contextmanager
def open_catalogue() -> Iterator[Catalogue]:
    """The catalogue at the address of the environment, else the real one."""
    with open_client(MOST_CONNECTIONS + 1) as client:
        yield Catalogue(Service.from_environment(), client)


def _next(page: Mapping[str, Any]) -> Parameters:
    """What to ask for the next page; nothing at the end.

    Only the parameters of the link are taken: it may name another host, or http instead of https.
    """
    link = page.get("@odata.nextLink")
    return parse_qsl(urlsplit(link).query) if isinstance(link, str) else []
