"""A server of files on localhost: ranges, redirects, and faults by request."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from stand_ins.server import Handler, running

_RANGE = re.compile(r"bytes=(\d+)-")
_STEP = 1 << 14


@dataclass
class Fault:
    """How one answer goes wrong."""

    status: int = 0
    """Answer with this status, and `body`, instead of the file."""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    break_after: int | None = None
    """Close the connection after so many bytes of the body."""
    ignore_range: bool = False
    shift: int = 0
    """Send the bytes that lie so much further on than those of the range that is asked for."""
    length: int | None = None
    """Total size to state."""
    no_length: bool = False
    """State no size, and end with the connection."""


@dataclass
class ArchiveServer:
    """What is served, and what was asked for."""

    folder: Path
    address: str = ""
    faults: list[Fault | None] = field(default_factory=list)
    """Taken one by one by the requests; None answers as it should."""
    every: Callable[[int], Fault | None] = lambda _: None
    """Fault of the request of a number, once there are none in the list."""
    etag: str = '"1"'
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Path and Range header of each request."""

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"


@contextmanager
def serve(folder: Path) -> Iterator[ArchiveServer]:
    """Serve the files of a folder while the block runs."""
    state = ArchiveServer(folder)

    class Serving(_Handler):
        server_state = state

    with running(Serving) as state.address:
        yield state


class _Handler(Handler):
    server_state: ArchiveServer

    def do_GET(self) -> None:
        state = self.server_state
        state.requests.append((self.path, self.headers.get("Range", "")))
        fault = (state.faults.pop(0) if state.faults else state.every(len(state.requests))) or Fault()
        self._answer(state, fault)

    def _answer(self, state: ArchiveServer, fault: Fault) -> None:
        if fault.status:
            self.send_response(fault.status)
            for name, value in {"Content-Length": str(len(fault.body)), **fault.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(fault.body)
            return
        data = (state.folder / self.path.partition("?")[0].lstrip("/")).read_bytes()
        total = len(data) if fault.length is None else fault.length
        asked = _RANGE.fullmatch(self.headers.get("Range", ""))
        is_same = self.headers.get("If-Range", state.etag) == state.etag
        start = int(asked[1]) if asked and is_same and not fault.ignore_range else None
        if start is not None and start >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{total}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        first = start or 0
        body = data[first + (fault.shift if first else 0) :]
        self.send_response(200 if start is None else 206)
        if start is not None:
            self.send_header("Content-Range", f"bytes {first + fault.shift}-{total - 1}/{total}")
        if fault.no_length:
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body) if fault.length is None else total - first))
        if state.etag:
            self.send_header("ETag", state.etag)
        for name, value in fault.headers.items():
            self.send_header(name, value)
        self.end_headers()
        end = len(body) if fault.break_after is None else fault.break_after
        for at in range(0, end, _STEP):
            self.wfile.write(body[at : min(at + _STEP, end)])
        if fault.break_after is not None or fault.length is not None:
            self.close_connection = True
