"""The server behind the page: on this machine only, for whoever names this machine, and of nothing but the data.

Patches are asked for by row, so that no text of a request becomes a path or a key. A page of another site cannot ask
under a name of its own that leads here (DNS rebinding): requests for other hosts than this machine are refused.
"""

import socket
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from reben.core.errors import ExploreError, RebenError
from reben.explore.plane import Vectors
from reben.explore.values import PARTS, PatchValues

HOST = "127.0.0.1"
NEIGHBOURS = 12
"""Patches that are shown as nearest in the embedding."""
_HOSTS = ["127.0.0.1", "localhost"]
_LONGEST_QUEUE = 128
_LONGEST_END_S = 2
"""Seconds that unfinished answers are waited for at the end."""
_POLICY = (
    "default-src 'self'; img-src 'self' blob: data: {pictures}; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Served:
    """What the server gives."""

    page: Path
    """Folder of the built page."""
    files: Path
    """Folder with the index and the outlines."""
    values: PatchValues
    vectors: Vectors | None = None
    base_map: str = ""
    """Address of tiles from which the page may load pictures; empty for none."""


def application(served: Served) -> Starlette:
    """The application that answers for the page."""

    def file(request: Request) -> Response:
        return FileResponse(served.files / Path(request.url.path).name)  # one of the two names in the routes

    def value(request: Request) -> Response:
        row, part = request.path_params["row"], request.path_params["part"]
        known = next((name for name in PARTS if name == part), None)
        inside = known is not None and row < len(served.values)
        return _bytes(served.values.value(row, known) if inside and known else None, "application/octet-stream")

    def thumbnail(request: Request) -> Response:
        row = request.path_params["row"]
        return _bytes(served.values.thumbnail(row) if row < len(served.values) else None, "image/png")

    def neighbours(request: Request) -> Response:
        if served.vectors is None:
            return Response(status_code=HTTPStatus.NOT_FOUND)
        return JSONResponse(served.vectors.nearest(request.path_params["row"], NEIGHBOURS))

    pictures = "{0.scheme}://{0.netloc}".format(urlsplit(served.base_map)) if served.base_map else ""

    async def with_headers(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        response.headers.update({**_HEADERS, "Content-Security-Policy": _POLICY.format(pictures=pictures)})
        return response

    return Starlette(
        routes=[
            Route("/index.parquet", file),
            Route("/outlines.json", file),
            Route("/values/{row:int}/{part:str}", value),
            Route("/thumbnails/{row:int}.png", thumbnail),
            Route("/neighbours/{row:int}", neighbours),
            Mount("/", StaticFiles(directory=served.page, html=True)),
        ],
        exception_handlers={RebenError: _told},
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=_HOSTS, www_redirect=False),
            Middleware(BaseHTTPMiddleware, dispatch=with_headers),
        ],
    )


def _told(_: Request, error: Exception) -> Response:
    """What is wrong with a value, such as one that a disk has damaged, instead of a trace of the server."""
    return PlainTextResponse(str(error), HTTPStatus.INTERNAL_SERVER_ERROR)


def _bytes(content: bytes | None, kind: str) -> Response:
    if content is None:
        return Response(status_code=HTTPStatus.NOT_FOUND)
    return Response(content, media_type=kind)


def listening(port: int) -> socket.socket:
    """A socket on this machine's own interface.

    Args:
        port: 0 for a free one.

    Raises:
        ExploreError: if the port is taken, or may not be used.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(_LONGEST_QUEUE)
    except OSError as error:
        listener.close()
        raise ExploreError(
            f"port {port} cannot be used ({error.strerror})", hint="give another --port, or 0"
        ) from error
    return listener


def serve(served: Served, listener: socket.socket) -> None:
    """Answer until Ctrl-C, which is how it should end."""
    with closing(listener), suppress(KeyboardInterrupt):
        server_of(application(served)).run(sockets=[listener])


def server_of(app: Starlette) -> uvicorn.Server:
    """A server that answers for an application, and ends soon when it is told to, whatever is being asked."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_LONGEST_END_S,
    )
    return uvicorn.Server(config)
