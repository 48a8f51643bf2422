"""Servers that send a byte now and then are left."""

import pytest

from reben.net import pace
from reben.net.retries import TransientError


def test_too_few_bytes_in_a_window(monkeypatch: pytest.MonkeyPatch):
    now = [0.0]
    monkeypatch.setattr(pace.time, "monotonic", lambda: now[0])
    watched = pace.Pace()
    for _ in range(10):
        now[0] += pace.WINDOW_S + 1
        watched.note(pace.LEAST_BYTES)
    now[0] += pace.WINDOW_S - 1
    watched.note(1)
    now[0] += 2
    with pytest.raises(TransientError, match="less than"):
        watched.note(1)
