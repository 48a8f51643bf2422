"""A stand-in for a STAC catalogue and the server of its rasters: search with pages, tokens that expire, ranges.

`POST /stac/search` gives pages of items, `GET /token/...` gives tokens, `/signed/PATH` needs a valid one, `/open/PATH`
needs none.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from stand_ins.range_server import RangeHandler, RangeServer
from stand_ins.server import running


@dataclass
class StacServer(RangeServer):
    """Serves items and rasters, and remembers what was asked."""

    items: list[dict[str, Any]] = field(default_factory=list)
    page: int = 10
    """Items on a page, whatever was asked for."""
    endless: bool = False
    """Whether the last page is followed by the first one under another name."""
    status: int = 200
    """Of every answer to a search."""
    answer: bytes | None = None
    """Of every search, in place of items."""
    next_host: str = ""
    """Host to which links to next pages lead, in place of this one."""
    searches: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of all searches."""
    tokens_asked: int = 0
    minutes: float = 45
    """For which tokens are said to be valid."""
    lifetime: int = 0
    """Requests after which tokens are no longer valid, whatever was said; 0 for ever."""

    @property
    def catalogue(self) -> str:
        """Root of the catalogue."""
        return f"{self.address}/stac"

    @property
    def tokens(self) -> str:
        """Address of the token service."""
        return f"{self.address}/token"

    def new_token(self) -> dict[str, str]:
        """Another token."""
        self.tokens_asked += 1
        signature = f"secret{self.tokens_asked}"
        self.valid_signatures.add(signature)
        return {
            "token": f"signature={signature}",
            "msft:expiry": (datetime.now(UTC) + timedelta(minutes=self.minutes)).isoformat(),
        }

    def next_fault(self) -> str:
        """As of every server; tokens end here."""
        if self.lifetime and len(self.requests) % self.lifetime == 0:
            self.expire()
        return super().next_fault()

    def found(self, body: dict[str, Any]) -> dict[str, Any]:
        """A page of items."""
        self.searches.append(body)
        first = int(body.get("token", 0))
        wrapped = first % max(len(self.items), 1) if self.endless else first
        some, following = self.items[wrapped : wrapped + self.page], first + self.page
        links = []
        if self.endless or following < len(self.items):
            href = f"{self.next_host or self.address}/stac/search"
            links = [{"rel": "next", "method": "POST", "href": href, "body": {**body, "token": str(following)}}]
        return {"type": "FeatureCollection", "features": some, "links": links}


class _StacHandler(RangeHandler):
    server_state: StacServer

    def do_GET(self) -> None:
        if self.path.startswith("/token/"):
            self._say_json(200, self.server_state.new_token())
        else:
            super().do_GET()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        state = self.server_state
        if self.path != "/stac/search":
            self._say_json(404, {"description": "no such page"})
        elif state.status != 200:
            self._say_json(state.status, {"description": "refused"})
        elif state.answer is not None:
            self._say(200, state.answer)
        else:
            self._say_json(200, state.found(body))

    def _say_json(self, status: int, value: dict[str, Any]) -> None:
        self._say(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


@contextmanager
def running_stac_server(folder: Path, **options: Any) -> Iterator[StacServer]:
    """A running catalogue whose rasters lie in a folder."""
    state = StacServer(folder, **options)
    with running(type("BoundStacHandler", (_StacHandler,), {"server_state": state})) as address:
        state.address = address
        yield state
