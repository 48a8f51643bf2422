"""A stand-in for a server of large files: ranges, latency, redirects to signed addresses, and faults when asked for.

Files lie in a folder. `/open/PATH` is answered at once, `/hub/PATH` redirects to `/signed/PATH?signature=N` under
another name of this machine, which is answered as long as the signature is valid.
"""

import hashlib
import os
import random
import re
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from stand_ins.server import Handler, running

FAULTS = (
    "reset",  # the connection ends without an answer
    "short",  # it ends in the middle of the body
    "long_length",  # Content-Length states more than is sent
    "too_many",  # 429 with Retry-After
    "unavailable",  # 503
    "whole",  # 200 and the whole file instead of a range
    "wrong_range",  # Content-Range is not what was asked for
    "other_size",  # Content-Range states another size of the file
    "changed",  # another ETag
    "page",  # 200 and a page that says sorry
    "part_of_page",  # 206 without Content-Range
    "encoded",  # a Content-Encoding that nobody asked for
)
"""What a server may do wrong; each is seen once where it is named once."""

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_PAGE = b"<html>This service is being mended.</html>"


@dataclass(frozen=True, slots=True)
class Request:
    """What a client has asked."""

    method: str
    path: str
    range: str
    headers: dict[str, str]


@dataclass
class RangeServer:
    """Serves the files of a folder, and remembers what was asked."""

    folder: Path
    latency_s: float = 0.0
    """Before each answer."""
    ranges: bool = True
    """Whether ranges are served at all."""
    address: str = ""
    requests: list[Request] = field(default_factory=list)
    sent: int = 0
    """Bytes of bodies."""
    faults: deque[str] = field(default_factory=deque)
    """What goes wrong with the next requests; an empty text is a request that goes well."""
    valid_signatures: set[str] = field(default_factory=set)
    etag_suffix: str = ""
    injected: int = 0
    """How many requests have met a fault."""
    down: bool = False
    """Whether every connection is refused an answer."""
    _random: random.Random | None = None
    _rate: float = 0.0
    _kinds: tuple[str, ...] = FAULTS
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def url(self, path: str, kind: str = "open") -> str:
        """Address of a file: `open`, or `hub` for one that redirects."""
        return f"{self.address}/{kind}/{path}"

    def fail(self, *faults: str) -> None:
        """Let something go wrong with each of the next requests for content."""
        self.faults.extend(faults)

    def fail_randomly(self, rate: float, *, seed: int, kinds: tuple[str, ...] = FAULTS) -> None:
        """Let something go wrong with this share of all requests for content."""
        self._random, self._rate, self._kinds = random.Random(seed), rate, kinds  # noqa: S311 - a test's dice

    def expire(self) -> None:
        """Signed addresses that were given out are no longer valid."""
        self.valid_signatures.clear()

    def sign(self, path: str) -> str:
        """A new address for a file, on another host."""
        with self._lock:
            signature = f"{len(self.valid_signatures)}-{time.monotonic_ns()}"
            self.valid_signatures.add(signature)
        return f"{self.address.replace('127.0.0.1', 'localhost')}/signed/{path}?signature={signature}"

    def note(self, request: Request) -> None:
        """Remember a request."""
        with self._lock:
            self.requests.append(request)

    def note_sent(self, nbytes: int) -> None:
        """Count what was sent."""
        with self._lock:
            self.sent += nbytes

    def next_fault(self) -> str:
        """What goes wrong with this request; empty if nothing does."""
        with self._lock:
            fault = ""
            if self.faults:
                fault = self.faults.popleft()
            elif self._random is not None and self._random.random() < self._rate:
                fault = self._random.choice(self._kinds)
            self.injected += fault != ""
        return fault


class RangeHandler(Handler):
    server_state: RangeServer

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        state = self.server_state
        state.note(Request(self.command, self.path, self.headers.get("Range", ""), dict(self.headers)))
        time.sleep(state.latency_s)
        if state.down:
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        kind, _, name = unquote(parts.path).lstrip("/").partition("/")
        path = state.folder / name
        if kind == "signed" and parse_qs(parts.query).get("signature", [""])[0] not in state.valid_signatures:
            self._say(403, b"expired")
        elif not path.is_file():
            self._say(404, b"no such file")
        elif kind == "hub":
            self._say(302, b"", {"Location": state.sign(name), "X-Repo-Commit": "c0ffee"})
        else:
            self._send_file(path, state.next_fault())

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send_file(self, path: Path, fault: str) -> None:
        size = path.stat().st_size
        first, last = self._asked(size)
        if fault == "reset":
            self.close_connection = True
        elif fault == "too_many":
            self._say(429, b"slow down", {"Retry-After": "0"})
        elif fault == "unavailable":
            self._say(503, b"later")
        elif fault == "page":
            self._say(200, _PAGE, {"Content-Type": "text/html"})
        elif fault == "part_of_page":
            self._say(206, _PAGE, {"Content-Type": "text/html"})
        elif first >= size and self.headers.get("Range"):
            self._say(416, b"", {"Content-Range": f"bytes */{size}"})
        else:
            self._send_part(path, first, last, size, fault)

    def _asked(self, size: int) -> tuple[int, int]:
        match = _RANGE.fullmatch(self.headers.get("Range", ""))
        if match is None:
            return 0, size - 1
        return int(match[1]), min(int(match[2] or size), size - 1)

    def _send_part(self, path: Path, first: int, last: int, size: int, fault: str) -> None:
        whole = fault == "whole" or not self.server_state.ranges or not self.headers.get("Range")
        if whole:
            first, last = 0, size - 1
        length = last + 1 - first
        shift = 1 if fault == "wrong_range" else 0
        self.send_response(200 if whole else 206)
        self.send_header("ETag", f'"{_etag(path)}{self.server_state.etag_suffix}{"x" * (fault == "changed")}"')
        self.send_header("Accept-Ranges", "bytes" if self.server_state.ranges else "none")
        self.send_header("Content-Length", str(length + 100 * (fault == "long_length")))
        if not whole:
            total = size + (fault == "other_size")
            self.send_header("Content-Range", f"bytes {first + shift}-{last + shift}/{total}")
        if fault == "encoded":
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.close_connection = fault in {"short", "long_length"}
        if self.command != "HEAD":
            self._send_bytes(path, first, length // 2 if fault == "short" else length)

    def _send_bytes(self, path: Path, first: int, length: int) -> None:
        """Send a part of a file; counted before, so that a client that has it all finds it counted."""
        self.wfile.flush()
        self.server_state.note_sent(length)
        try:
            with path.open("rb") as file:
                while length > 0 and (sent := os.sendfile(self.connection.fileno(), file.fileno(), first, length)):
                    first, length = first + sent, length - sent
        finally:
            self.server_state.note_sent(-length)  # what could not be sent


def _etag(path: Path) -> str:
    found = path.stat()
    return hashlib.sha256(f"{found.st_size}-{found.st_mtime_ns}".encode()).hexdigest()[:16]


@contextmanager
def running_range_server(folder: Path, **options: Any) -> Iterator[RangeServer]:
    """A running server of the files in a folder."""
    state = RangeServer(folder, **options)
    handler = type("BoundRangeHandler", (RangeHandler,), {"server_state": state})
    with running(handler) as address:
        state.address = address
        yield state
