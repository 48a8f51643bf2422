"""Whether an answer comes fast enough to be waited for."""

import time

from reben.net.retries import TransientError

WINDOW_S, LEAST_BYTES = 300.0, 1 << 18
"""A server that sends less in this time is left: a byte now and then would be a download of years."""


class Pace:
    """Measures how much comes in a window of time."""

    def __init__(self) -> None:
        self._since_s, self._bytes = time.monotonic(), 0

    def note(self, nbytes: int) -> None:
        """Further bytes have come.

        Raises:
            TransientError: if too few came within the last window.
        """
        self._bytes += nbytes
        now_s = time.monotonic()
        if now_s - self._since_s > WINDOW_S:
            if self._bytes < LEAST_BYTES:
                raise TransientError(f"less than {LEAST_BYTES:,} bytes came in {WINDOW_S:.0f} s")
            self._since_s, self._bytes = now_s, 0
