"""A file on a server that is some milliseconds away, at the end of a line.

python -m benchmarks.range_server FILE MILLISECONDS [MEGABYTES_PER_SECOND]
"""

import os
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


_PIECE_BYTES = 1 << 16


class _Line:
    """What all connections share; 0 is a line without a limit."""

    def __init__(self, rate: float) -> None:
        self._rate, self._free_at, self._lock = rate, 0.0, threading.Lock()

    @property
    def is_free(self) -> bool:
        """Whether there is no limit."""
        return not self._rate

    def take(self, nbytes: int) -> None:
        """Wait until these bytes have passed."""
        if not self._rate:
            return
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + nbytes / self._rate
            free_at = self._free_at
        time.sleep(max(0.0, free_at - time.monotonic()))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    path_served = Path()
    latency_s = 0.0
    line = _Line(0)

    def log_message(self, *_: object) -> None:
        """Log nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        """Send a range of the file."""
        time.sleep(self.latency_s)
        size = self.path_served.stat().st_size
        match = _RANGE.fullmatch(self.headers.get("Range", ""))
        first = int(match[1]) if match else 0
        last = min(int(match[2]), size - 1) if match and match[2] else size - 1
        self.send_response(206 if match else 200)
        if match:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("ETag", f'"{size}"')
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()
        self.wfile.flush()
        if self.command == "HEAD":
            return
        with self.path_served.open("rb") as file:
            while first <= last:
                size = last - first + 1 if self.line.is_free else min(_PIECE_BYTES, last - first + 1)
                self.line.take(size)
                first += os.sendfile(self.connection.fileno(), file.fileno(), first, size)


def main() -> None:
    """Serve until killed; the port is printed."""
    _Handler.path_served, _Handler.latency_s = Path(sys.argv[1]), int(sys.argv[2]) / 1000
    _Handler.line = _Line(1e6 * float(sys.argv[3]) if len(sys.argv) > 3 else 0)  # noqa: PLR2004 - the third argument
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
