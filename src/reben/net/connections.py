"""Connections that stay open between requests, each process with its own: a forked one must not share a socket."""

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Lock
from weakref import finalize

from httpx2 import Client

from reben.net.requests import open_client
from reben.net.stopping import Stop

_inherited: list[object] = []
"""Connections of a parent process: neither used nor closed, since closing them would end them for the parent, too."""


@dataclass
class _Opened:
    client: Client
    held: ExitStack
    stop: Stop = field(default_factory=Stop)
    pid: int = field(default_factory=os.getpid)


class Connections:
    """One HTTP client per process, opened when it is first needed.

    Args:
        most: requests at a time.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._opened: _Opened | None = None
        self._lock, self._lock_pid = Lock(), os.getpid()

    def current(self) -> tuple[Client, Stop]:
        """The client of this process, and the switch that breaks its connections."""
        opened = self._opened
        if opened is None or opened.pid != os.getpid():
            opened = self._open()
        return opened.client, opened.stop

    def break_all(self) -> None:
        """End all that is being read in this process; later requests connect anew."""
        opened = self._opened
        if opened is not None and opened.pid == os.getpid():
            opened.stop.break_connections()

    def close(self) -> None:
        """Close the connections of this process."""
        opened, self._opened = self._opened, None
        if opened is not None:
            _close(opened)

    def _open(self) -> _Opened:
        if self._lock_pid != os.getpid():  # a thread of the parent may have held it
            self._lock, self._lock_pid = Lock(), os.getpid()
        with self._lock:
            if self._opened is not None and self._opened.pid == os.getpid():
                return self._opened
            if self._opened is not None:
                _inherited.append(self._opened)
            held = ExitStack()
            self._opened = _Opened(held.enter_context(open_client(self._most)), held)
            finalize(self, _close, self._opened)  # whoever does not close leaves no socket behind either
            return self._opened


def _close(opened: _Opened) -> None:
    if opened.pid == os.getpid():
        opened.held.close()
