"""Stop at once what several threads are doing: those that wait, those that read, and those that are yet to begin."""

import socket
import threading
import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import Any


class Stopped(BaseException):
    """Raised in a thread that is to end; not an `Exception`, so that nobody mistakes it for a failure."""


class Stop:
    """A switch that ends waits and breaks connections."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def stop(self) -> None:
        """End everything that heeds this switch."""
        self._event.set()
        self.break_connections()

    def break_connections(self) -> None:
        """Break what is connected now; who heeds this switch may connect anew."""
        for connection in list(self._sockets):
            _break(connection)

    def check(self) -> None:
        """Go on, or end.

        Raises:
            Stopped: if it is over.
        """
        if self._event.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        """Wait, but not after the end.

        Raises:
            Stopped: if it is over.
        """
        self._event.wait(seconds)
        self.check()

    def trace(self, event: str, details: Mapping[str, Any]) -> None:
        """Note connections as the HTTP library opens them (its `trace` extension)."""
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            connection = details["return_value"].get_extra_info("socket")
            if connection is not None:
                self._sockets.add(connection)
                if self._event.is_set():  # it came to be while the others were being broken
                    _break(connection)


def _break(connection: socket.socket) -> None:
    with suppress(OSError):  # closed already; the class's own method, because TLS has another
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
