"""A file on a server, read from front to back; where the connection breaks, reading goes on at that place."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from httpx2 import Client, Response

from reben.core.errors import DownloadError
from reben.net.addresses import authorization, is_safe, parse_address
from reben.net.pace import LEAST_BYTES, WINDOW_S
from reben.net.requests import Redirects, open_response, redirect_target
from reben.net.responses import (
    NO_SUCH_RANGE,
    PARTIAL,
    WHOLE,
    content_range,
    expect_no_page,
    expect_plain,
    rest_headers,
    stated_length,
    strong_etag,
)
from reben.net.retries import RetryPolicy, TransientError
from reben.net.signatures import signer
from reben.net.stopping import Stop

_GAIN_BYTES = 1 << 16
"""An attempt that brought less counts as one without gain."""


@dataclass
class RemoteStream:
    """A file at an address.

    Redirects are followed anew with every request, because they may lead to signed addresses that expire.
    """

    address: str
    client: Client
    stop: Stop
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    tell: Callable[[str], None] = lambda _: None
    """Called with each line that people should read."""
    nbytes: int | None = None
    """Size, as soon as a server has stated it."""
    etag: str = ""
    """Strong validator, as soon as a server has stated it; empty if it has none."""

    def __post_init__(self) -> None:
        self._address = parse_address(self.address)
        self._first_url = signer(self._address)

    @property
    def shown(self) -> str:
        """The address for people: without its query, which may hold a signature."""
        return str(self._address)

    def describe(self) -> None:
        """Ask for size and validator.

        Raises:
            DownloadError: if the file cannot be had.
        """
        for _ in self.chunks():
            return

    def chunks(self, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` on, as they come.

        Raises:
            DownloadError: if the file cannot be had, or changes while it is read.
            Stopped: if it is over.
        """
        position, fruitless = start, 0
        while True:
            before = position
            try:
                for chunk in self._request(position):
                    position += len(chunk)
                    self._expect_no_more(position)
                    yield chunk
                self._expect_all(position)
            except TransientError as error:
                fruitless = 1 if position - before >= _GAIN_BYTES else fruitless + 1
                too_long = (error.wait_s or 0) > self.policy.longest_retry_after_s
                if fruitless >= self.policy.attempts or too_long:
                    raise self._given_up(error, position, fruitless) from error
                wait_s = self.policy.wait_s(fruitless, error.wait_s)
                self.tell(f"note: {self.shown}: {error}; trying again in {wait_s:.0f} s")
                self.policy.sleep(wait_s)
            else:
                return

    def _given_up(self, error: TransientError, position: int, attempts: int) -> DownloadError:
        asked = f", and the server asks to wait for {error.wait_s:,.0f} s" if error.wait_s else ""
        return DownloadError(
            f"{self.shown}: {error}, at byte {position:,}, after {attempts} attempts without gain{asked}",
            hint="check the connection and the address; the same command resumes with what has arrived",
        )

    def _expect_all(self, position: int) -> None:
        """Check that nothing is missing.

        Raises:
            TransientError: if there is.
        """
        if self.nbytes is not None and position < self.nbytes:
            raise TransientError(f"the connection ended after {position:,} of {self.nbytes:,} bytes")

    def _expect_no_more(self, position: int) -> None:
        """Check that there is not more than the server stated.

        Raises:
            DownloadError: if there is.
        """
        if self.nbytes is not None and position > self.nbytes:
            raise DownloadError(f"{self.shown}: the server sends more than the {self.nbytes:,} bytes that it stated")

    def _request(self, position: int) -> Iterator[bytes]:
        """Ask for the rest, and hand on what comes.

        Raises:
            TransientError: if another attempt may get further.
            DownloadError: if not.
        """
        if position and position == self.nbytes:
            return
        url, redirects = self._first_url(), Redirects()
        while True:
            with open_response(
                self.client, "GET", url, stop=self.stop, headers=rest_headers(position, self.etag) | authorization(url)
            ) as response:
                target = redirect_target(response)
                if target is None:
                    yield from self._body(response, position)
                    return
            redirects.note()
            if url.startswith("https:") and not target.startswith("https:"):
                raise DownloadError(f"{self.shown}: the server redirects from https to http; refused")
            if not is_safe(target):
                raise DownloadError(f"{self.shown}: the server redirects to an address without encryption; refused")
            url = target

    def _body(self, response: Response, position: int) -> Iterator[bytes]:
        """What comes after `position`.

        Raises:
            TransientError: if it is an error page, or another part than was asked for.
            DownloadError: if the server says no, or the file has changed.
        """
        skipped = 0
        if response.status_code == PARTIAL:
            self._note(response, self._expect_rest(response, position))
        elif response.status_code == WHOLE:
            expect_no_page(response)
            expect_plain(response)
            self._note(response, stated_length(response))
            skipped = position
            if position:
                self.tell(
                    f"note: {self.shown}: the server does not send parts; the first {position:,} bytes are read "
                    "again and dropped"
                )
        elif response.headers.get("Content-Range", "") == f"bytes */{position}":
            return  # all has come already, of a file whose size was not stated
        else:
            raise self._refusal(response, position)
        yield from _patiently(_without(response.iter_raw(), skipped))

    def _expect_rest(self, response: Response, position: int) -> int | None:
        """Check that a partial response begins where it should; the size of the file, if it is stated.

        Raises:
            TransientError: if it does not.
        """
        first, last, total = content_range(response)
        if first != position:
            raise TransientError("the server sends another part than was asked for")
        if total is not None and last >= total:
            raise TransientError("the server sends a part that is not in the file")
        return total

    def _note(self, response: Response, nbytes: int | None) -> None:
        """Note size and validator, or compare them with what was noted.

        Raises:
            DownloadError: if they differ: the file was replaced.
        """
        etag = strong_etag(response)
        resized = None not in (nbytes, self.nbytes) and nbytes != self.nbytes
        if resized or (etag and self.etag and etag != self.etag):
            raise DownloadError(
                f"{self.shown}: has changed since reading began",
                hint="delete what was begun, and give the same command again",
            )
        self.nbytes = self.nbytes if nbytes is None else nbytes
        self.etag = self.etag or etag

    def _refusal(self, response: Response, position: int) -> Exception:
        status = response.status_code
        if status == NO_SUCH_RANGE:
            return DownloadError(
                f"{self.shown}: has no byte {position:,}: it has changed since reading began",
                hint="delete what was begun, and give the same command again",
            )
        return DownloadError(
            f"{self.shown}: the server answers with status {status}", hint="check the address in a browser"
        )


def _without(chunks: Iterator[bytes], nbytes: int) -> Iterator[bytes]:
    """The chunks without the first bytes."""
    for chunk in chunks:
        if nbytes >= len(chunk):
            nbytes -= len(chunk)
        else:
            yield chunk[nbytes:]
            nbytes = 0


def _patiently(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, as long as enough of them come; only the time of waiting for them counts.

    Raises:
        TransientError: if a server sends a byte now and then.
    """
    waited_s, came = 0.0, 0
    while True:
        begun_s = time.monotonic()
        chunk = next(chunks, None)
        if chunk is None:
            return
        waited_s += time.monotonic() - begun_s
        came += len(chunk)
        if waited_s > WINDOW_S:
            if came < LEAST_BYTES:
                raise TransientError(f"less than {LEAST_BYTES:,} bytes came in {WINDOW_S:.0f} s")
            waited_s, came = 0.0, 0
        yield chunk
