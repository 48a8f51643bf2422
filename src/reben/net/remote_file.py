"""A remote file, read in parts: its size and version are asked once, then ranges, many at a time.

Whoever asks for a range may get the whole file, a page that says sorry, another range, or half of it. Nothing of this
is taken for the file's bytes: each answer must say which bytes of which version it has, and have as many as it says.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from threading import Lock, get_ident
from typing import Self, TypeVar

from httpx2 import Response

from reben.core.errors import RemoteError
from reben.net import responses
from reben.net.addresses import Address, authorization, is_safe, parse_address
from reben.net.connections import Connections
from reben.net.requests import ANSWER_S, Redirects, open_response, redirect_target
from reben.net.retries import RetryPolicy, TransientError, retry
from reben.net.signatures import signer
from reben.net.spans import Span
from reben.net.stopping import Stop

PARALLEL = 16
"""Requests at a time; what the hub and object stores take from one client without slowing it down."""
HEAD_BYTES = 1 << 17
"""Asked for when a file is opened, together with its size."""
_IN_FLIGHT_BYTES = 1 << 26
"""Of spans that are being read, or wait for those before them."""
_BREAK_EVERY_S = 0.02

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file was found."""

    url: str
    """May be signed, and so expire."""
    is_redirected: bool


class RemoteFile:
    """A file at an address; several threads may read it, and processes that were forked.

    Args:
        address: of the file.
        parallel: requests at a time.
        policy: how often to try again, and how long to wait in between.

    Attributes:
        address: of the file.
        size: in bytes.
        validator: ETag or date of the version that was opened; empty if the server states neither.
        commit: of the hub's repository; empty elsewhere.
        requests: how many there were.
        received: bytes that came.

    Raises:
        AddressError: if the address has no known form.
        RemoteError: if the file cannot be read, or not in parts.
        CredentialsError: if a token or key cannot be used.
    """

    def __init__(self, address: str | Address, *, parallel: int = PARALLEL, policy: RetryPolicy | None = None) -> None:
        self.address = parse_address(address)
        self.parallel = parallel
        self.commit, self.requests, self.received = "", 0, 0
        self._policy = policy or RetryPolicy()
        self._connections = Connections(parallel)
        self._first_url = signer(self.address)
        self._finding, self._counting = Lock(), Lock()
        self._place, facts = self._retry(self._ask_first, Stop())
        self.size, self.validator, self._head = facts.size, facts.validator, facts.head

    def read(self, start: int, length: int) -> bytes:
        """Some bytes.

        Raises:
            RemoteError: if they lie outside the file or cannot be had, or the file has changed.
        """
        return self._read(start, length, Stop())

    def read_spans(self, spans: Sequence[Span], *, parallel: int | None = None) -> Generator[bytes, None, None]:
        """The bytes of many spans, in their order.

        Several threads read ahead, as much as fits into 64 MiB. When the iterator is closed or interrupted, what is
        under way ends at once.

        Args:
            spans: of any length, in any order.
            parallel: requests at a time, at most that of the file; None takes that.

        Raises:
            RemoteError: if one of them cannot be had, or the file has changed.
        """
        stop, waiting, in_flight = Stop(), deque[tuple[Future[bytes], int]](), 0
        pool = ThreadPoolExecutor(min(parallel or self.parallel, self.parallel), thread_name_prefix="reben-ranges")
        left, is_done, active = deque(spans), False, set[int]()
        try:
            while left or waiting:
                while left and (not waiting or in_flight + left[0][1] <= _IN_FLIGHT_BYTES):
                    start, length = left.popleft()
                    waiting.append((pool.submit(self._read_noted, start, length, stop, active), length))
                    in_flight += length
                future, length = waiting[0]
                found = future.result()
                waiting.popleft()
                yield found
                in_flight -= length
            is_done = True
        finally:
            if not is_done:
                stop.stop()
                pool.shutdown(wait=False, cancel_futures=True)
                self._break_until_done(active)
            pool.shutdown(cancel_futures=True)

    def close(self) -> None:
        """Close all connections; reading opens new ones."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"RemoteFile({str(self.address)!r})"

    def _read_noted(self, start: int, length: int, stop: Stop, active: set[int]) -> bytes:
        """Read in a thread, and note as long that it is at work."""
        active.add(get_ident())
        try:
            return self._read(start, length, stop)
        finally:
            active.discard(get_ident())

    def _break_until_done(self, active: set[int]) -> None:
        """Break connections until no thread waits for one.

        Some are opened only while others are being broken. Futures would not tell: Ctrl-C may fall between the start
        of a thread and the moment in which its future is known.
        """
        while active:
            self._connections.break_all()
            time.sleep(_BREAK_EVERY_S)

    def _read(self, start: int, length: int, stop: Stop) -> bytes:
        if start < 0 or length < 0 or start + length > self.size:
            raise RemoteError(
                f"{self.address}: bytes {start:,} to {start + length:,} lie outside of it; it has {self.size:,} bytes"
            )
        if start + length <= len(self._head):
            return self._head[start : start + length]
        taken, most = bytearray(), 0

        def gained() -> bool:
            nonlocal most
            before, most = most, max(most, len(taken))
            return most > before

        self._retry(lambda: self._take_rest(start, length, taken, stop), stop, gained)
        return bytes(taken)

    def _retry(self, attempt: Callable[[], T], stop: Stop, gained: Callable[[], bool] = lambda: False) -> T:
        """The result of the first attempt that succeeds.

        Raises:
            RemoteError: if none does; it names the address.
            Stopped: if it is over.
        """
        sleep = stop.sleep if self._policy.sleep is time.sleep else self._policy.sleep
        try:
            result, _ = retry(attempt, replace(self._policy, sleep=sleep), gained=gained)
        except TransientError as error:
            raise RemoteError(f"{self.address}: {error}", hint="check the network, or try again later") from error
        except RemoteError as error:
            raise type(error)(f"{self.address}: {error}", hint=error.hint) from error
        return result

    def _take_rest(self, start: int, length: int, taken: bytearray, stop: Stop) -> None:
        """Ask for what is missing of a range, and take what comes.

        Raises:
            TransientError: if another attempt may get further.
            RemoteError: if none can.
        """
        if len(taken) == length:  # all has come, although the connection broke before the server said so
            return
        place, is_renewed = self._place, False
        while not self._take_from(place, start, length, taken, stop):
            if is_renewed:
                raise TransientError("the server refuses an address that was just given out")
            place, is_renewed = self._renewed(place), True

    def _take_from(self, place: _Place, start: int, length: int, taken: bytearray, stop: Stop) -> bool:
        """The same of one place; False if its address is no longer valid."""
        stop.check()
        client, breaking = self._connections.current()
        first, last = start + len(taken), start + length - 1
        headers = {"Range": f"bytes={first}-{last}", **authorization(place.url)}
        with open_response(client, "GET", place.url, stop=breaking, headers=headers) as response:
            self._count_request()
            if redirect_target(response) or (place.is_redirected and response.status_code in responses.REFUSED):
                return False
            self._expect_range(response, first, last)
            before = len(taken)
            try:
                responses.take_body(response, last + 1 - first, taken)
            finally:
                self._count_received(len(taken) - before)
        return True

    def _expect_range(self, response: Response, first: int, last: int) -> None:
        """Check that an answer has the bytes that were asked for, of the version that was opened.

        Raises:
            TransientError: if it has others.
            RemoteError: if the file has changed, or the server says no.
        """
        responses.expect_plain(response)
        if response.status_code == responses.WHOLE:
            responses.expect_no_page(response)
            raise TransientError("the server sends the whole file instead of a range")
        if response.status_code != responses.PARTIAL:
            raise responses.refusal(response.status_code)
        found = responses.content_range(response)
        validator = responses.validator_of(response)
        if validator and self.validator and validator != self.validator:
            raise _changed()
        if found[:2] != (first, last) or found[2] not in {None, self.size}:
            raise TransientError("the server sends another part than was asked for, or of another file")

    def _renewed(self, stale: _Place) -> _Place:
        """Where the file is now; only the first of several threads asks.

        Raises:
            RemoteError: if there is another version by now.
        """
        with self._finding:
            if self._place is stale:
                place, facts = self._ask_first()
                if facts.size != self.size or facts.validator != self.validator:
                    raise _changed()
                self._place = place
            return self._place

    def _ask_first(self) -> tuple[_Place, responses.FileFacts]:
        """Ask for the first bytes at the address that the user gave, and follow where it leads.

        The user's token goes to the hub only: each request is given what its own address may see.

        Raises:
            TransientError: if another attempt may succeed.
            RemoteError: if none can.
        """
        url, redirects, is_redirected = self._first_url(), Redirects(), False
        client, breaking = self._connections.current()
        while True:
            headers = {"Range": f"bytes=0-{HEAD_BYTES - 1}", **authorization(url)}
            with open_response(client, "GET", url, stop=breaking, headers=headers, whole_within_s=ANSWER_S) as response:
                self._count_request()
                self.commit = responses.commit_of(response) or self.commit
                target = redirect_target(response)
                if target is None:
                    facts = responses.read_facts(response)
                    self._count_received(len(facts.head))
                    return _Place(url, is_redirected or url != self.address.url), facts
            redirects.note()
            if not is_safe(target):
                raise RemoteError("the server redirects to an address without encryption; refused")
            url, is_redirected = target, True

    def _count_request(self) -> None:
        with self._counting:
            self.requests += 1

    def _count_received(self, nbytes: int) -> None:
        with self._counting:
            self.received += nbytes


def _changed() -> RemoteError:
    return RemoteError("the file has changed since it was opened", hint="open it again")
