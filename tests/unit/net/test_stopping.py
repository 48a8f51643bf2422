import socket

import pytest

from reben.net.stopping import Stop, Stopped


class Stream:
    """What the HTTP library tells of when a connection is there."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def get_extra_info(self, name: str) -> socket.socket | None:
        return self._connection if name == "socket" else None


def connected(stop: Stop) -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    stop.trace("connection.connect_tcp.complete", {"return_value": Stream(ours)})
    return ours, theirs


def test_connections_are_broken_and_waits_end():
    stop = Stop()
    ours, theirs = connected(stop)
    stop.check()
    stop.stop()
    assert ours.recv(1) == b""
    with pytest.raises(Stopped):
        stop.check()
    with pytest.raises(Stopped):
        stop.sleep(1000)
    ours.close()
    theirs.close()


def test_a_connection_that_opens_after_the_end_is_broken_too():
    stop = Stop()
    stop.stop()
    ours, theirs = connected(stop)
    assert ours.recv(1) == b""
    ours.close()
    theirs.close()


def test_closed_connections_and_other_events_do_no_harm():
    stop = Stop()
    ours, theirs = connected(stop)
    ours.close()
    theirs.close()
    stop.trace("connection.connect_tcp.started", {})
    stop.break_connections()
    stop.check()
