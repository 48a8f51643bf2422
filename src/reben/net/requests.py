"""Requests: timeouts, redirects, and errors that are worth another attempt."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Timer
from typing import Self
from urllib.parse import urlsplit

from httpx2 import Client, InvalidURL, Limits, RequestError, Response, Timeout

from reben.net.retries import TransientError, expect_no_transient_status
from reben.net.stopping import Stop
from reben.version import __version__

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_CONNECT_S, _READ_S = 30.0, 60.0
_HEADERS_S = 180.0
ANSWER_S = 180.0
"""How long an answer of some megabytes may take, all of it."""


@contextmanager
def open_client(connections: int) -> Iterator[Client]:
    """An HTTP client. It follows no redirect by itself: who may see a token is decided here.

    Args:
        connections: how many requests there are at most at a time; their connections stay open for the next ones.
    """
    timeout = Timeout(_READ_S, connect=_CONNECT_S, pool=None)
    limits = Limits(max_connections=connections, max_keepalive_connections=connections)
    headers = {"User-Agent": f"reben/{__version__}", "Accept-Encoding": "identity"}
    with Client(timeout=timeout, limits=limits, headers=headers, follow_redirects=False) as client:
        yield client


class _Limit:
    """Breaks connections when something takes too long.

    Which connection a request uses, the HTTP library does not say before it has an answer; so all break, and those that
    had nothing to do with it go on where they were.
    """

    def __init__(self, seconds: float, stop: Stop) -> None:
        self._seconds, self._expired = seconds, False
        self._stop = stop
        self._timer = Timer(seconds, self._expire)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cancel()

    def expect_in_time(self) -> None:
        """Check that it has not taken too long.

        Raises:
            TransientError: if it has.
        """
        if self._expired:
            raise TransientError(f"no answer within {self._seconds:.0f} s")

    def cancel(self) -> None:
        self._timer.cancel()

    def _expire(self) -> None:
        self._expired = True
        self._stop.break_connections()


@contextmanager
def open_response(
    client: Client,
    method: str,
    url: str,
    *,
    stop: Stop,
    params: Sequence[tuple[str, str]] | None = None,
    data: Mapping[str, str] | None = None,
    json: object = None,
    headers: Mapping[str, str] | None = None,
    whole_within_s: float | None = None,
) -> Iterator[Response]:
    """The response to a request, whose body is yet to be read.

    A server that sends a byte now and then never runs into a timeout, which counts from one byte to the next. So there
    is a limit to how long the headers may take, and, for small answers, all of it.

    Args:
        client: asks.
        method: GET or POST.
        url: address.
        stop: ends it.
        params: of the address.
        data: form to send.
        json: value to send, as JSON; None for none.
        headers: to send.
        whole_within_s: how long the whole answer may take; None limits the headers only.

    Raises:
        TransientError: if the connection breaks, here or while the block reads, or the status asks for another attempt.
        Stopped: if it is over.
    """
    stop.check()
    limit = _Limit(_HEADERS_S if whole_within_s is None else whole_within_s, stop)
    try:
        with (
            limit,
            client.stream(
                method,
                url,
                params=None if params is None else list(params),
                data=data,
                json=json,
                headers=headers,
                extensions={"trace": stop.trace},
            ) as response,
        ):
            if whole_within_s is None:
                limit.cancel()  # a gigabyte takes its time
            expect_no_transient_status(response)
            yield response
            limit.expect_in_time()  # an answer of unstated length ends well where the connection is broken
    except (RequestError, InvalidURL, UnicodeError) as error:  # RequestError: content that cannot be decoded, too
        stop.check()  # a connection that breaks because it is over is not an error
        limit.expect_in_time()
        raise TransientError(f"the connection failed ({str(error) or type(error).__name__})") from None


def redirect_target(response: Response) -> str | None:
    """Where a response sends us; None if it is not a redirect.

    Raises:
        TransientError: if it sends us nowhere.
    """
    if response.status_code not in _REDIRECTS:
        return None
    target = response.next_request
    if target is None or target.url.scheme not in {"http", "https"} or not _is_address(str(target.url)):
        raise TransientError(f"status {response.status_code}, a redirect without a usable Location header")
    return str(target.url)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0  # the port is only read, and checked, here
    except ValueError:
        return False


class Redirects:
    """Counts redirects, so that circles end."""

    def __init__(self) -> None:
        self._count = 0

    def note(self) -> None:
        """One more.

        Raises:
            TransientError: if there are too many.
        """
        self._count += 1
        if self._count > _MOST_REDIRECTS:
            raise TransientError(f"more than {_MOST_REDIRECTS} redirects")
