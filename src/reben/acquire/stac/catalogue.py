"""A STAC API: questions, and the pages of its answers.

Source: STAC API specification 1.0, "Item Search" (POST /search, links to next pages), and its extension "Query".
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from httpx2 import Client

from reben.core.errors import CatalogueError
from reben.io.small_files import parse_json
from reben.net.addresses import origin, parse_address
from reben.net.requests import ANSWER_S, open_response
from reben.net.retries import RetryPolicy, TransientError, retry
from reben.net.stopping import Stop

Item = dict[str, Any]

_PAGE = 100
_LARGEST_PAGE = 1 << 26  # bytes; a page of 100 has some 3 MB
_MOST_PAGES = 1_000
_MOST_ITEMS = 50_000
_MOST_STALE = 3
"""Pages in a row without a new item; catalogues repeat some items, but not all of them."""
_SEARCH_S = 3_600.0
_OK = 200
_HINT = "ask for fewer days, or a smaller area"


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked for a page."""

    method: str
    url: str
    body: Mapping[str, Any] | None

    @property
    def key(self) -> str:
        """The same for the same question."""
        return json.dumps([self.method, self.url, self.body], sort_keys=True)


@dataclass(frozen=True, slots=True)
class StacCatalogue:
    """A STAC API, asked through a client."""

    root: str
    client: Client
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    stop: Stop = field(default_factory=Stop)
    clock: Callable[[], float] = time.monotonic

    def items(self, question: Mapping[str, Any]) -> Iterator[Item]:
        """The items of all pages, each once.

        Args:
            question: body of the search, without a limit.

        Raises:
            AddressError: if the catalogue would be asked without encryption.
            CatalogueError: if a page is none, or pages do not end.
        """
        url = f"{parse_address(self.root).url.rstrip('/')}/search"
        request: _Request | None = _Request("POST", url, {**question, "limit": _PAGE})
        asked: set[str] = set()
        seen: set[str] = set()
        begun_s, stale = self.clock(), 0
        while request is not None:
            if request.key in asked:
                raise CatalogueError(f"{self.root}: returned the same page twice", hint="try again later")
            if len(asked) >= _MOST_PAGES or self.clock() - begun_s > _SEARCH_S or len(seen) > _MOST_ITEMS:
                raise CatalogueError(
                    f"{self.root}: the answer does not end: {len(asked):,} pages, {len(seen):,} items in "
                    f"{self.clock() - begun_s:,.0f} s",
                    hint=_HINT,
                )
            asked.add(request.key)
            page = self._page(request)
            fresh = {str(item.get("id")): item for item in page["features"] if str(item.get("id")) not in seen}
            stale = stale + 1 if page["features"] and not fresh else 0
            if stale > _MOST_STALE:
                raise CatalogueError(
                    f"{self.root}: {stale} pages in a row have only items of earlier pages", hint="try again later"
                )
            seen |= set(fresh)
            yield from fresh.values()
            request = self._next(page, request)

    def _page(self, request: _Request) -> dict[str, Any]:
        try:
            return retry(lambda: self._page_once(request), self.policy)[0]
        except TransientError as error:
            raise CatalogueError(f"{self.root}: {error}", hint="try again later") from error

    def _page_once(self, request: _Request) -> dict[str, Any]:
        """One page.

        Raises:
            TransientError: if what comes is none.
            CatalogueError: if the catalogue refuses.
        """
        with open_response(
            self.client, request.method, request.url, stop=self.stop, json=request.body, whole_within_s=ANSWER_S
        ) as response:
            answer = bytearray()
            for chunk in response.iter_bytes():
                answer += chunk
                if len(answer) > _LARGEST_PAGE:
                    raise CatalogueError(f"{self.root}: a page has more than {_LARGEST_PAGE:,} bytes", hint=_HINT)
        if response.status_code != _OK:
            raise CatalogueError(
                f"{self.root}: answers with status {response.status_code}: {bytes(answer[:300])!r}",
                hint="check --stac and --collection; the address is that of the API, such as "
                "https://earth-search.aws.element84.com/v1",
            )
        try:
            page = parse_json(answer.decode())
        except ValueError:
            page = None
        features = page.get("features") if isinstance(page, dict) else None
        if (
            not isinstance(page, dict)
            or not isinstance(features, list)
            or not all(isinstance(f, dict) for f in features)
        ):
            raise TransientError("what the catalogue answers is not a list of items")
        return page

    def _next(self, page: Mapping[str, Any], request: _Request) -> _Request | None:
        """What to ask for the next page; None at the end.

        Raises:
            AddressError: if the link is no address, or would be asked without encryption.
            CatalogueError: if it leads to another server.
        """
        links = page.get("links")
        link = next(
            (link for link in links if isinstance(link, dict) and link.get("rel") == "next")
            if isinstance(links, list)
            else iter(()),
            None,
        )
        if link is None or not isinstance(link.get("href"), str):
            return None
        url, body = parse_address(link["href"]).url, link.get("body")
        if origin(url) != origin(request.url):
            raise CatalogueError(
                f"{self.root}: the next page would be on another server ({url.partition('?')[0]})",
                hint="give the root of that API with --stac",
            )
        if str(link.get("method", "GET")).upper() != "POST":
            return _Request("GET", url, None)
        own = body if isinstance(body, dict) else {}
        return _Request("POST", url, {**(request.body or {}), **own} if link.get("merge") else own)
