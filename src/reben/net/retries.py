"""Try again what may succeed later: how often, how long to wait, what the server says about it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from httpx2 import Response

_PASSING_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})
_MOST_ATTEMPTS = 100
"""Even if each of them gains a little."""

T = TypeVar("T")


class TransientError(Exception):
    """Something that may succeed later.

    Attributes:
        wait_s: how long the server asks to wait, in seconds; None if it does not say.
    """

    def __init__(self, message: str, *, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to try. Waits double from one attempt to the next; each is drawn from its upper half."""

    attempts: int = 6
    """Attempts in a row that gain nothing."""
    first_wait_s: float = 2.0
    longest_wait_s: float = 120.0
    longest_retry_after_s: float = 900.0
    """Servers that ask for more than this are not waited for."""
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    """Numbers from 0 to 1, so that several workers do not come back at the same moment."""

    def wait_s(self, fruitless: int, asked_s: float | None) -> float:
        """How long to wait after so many attempts without gain; at least as long as the server asked."""
        longest = min(self.first_wait_s * 2.0 ** (fruitless - 1), self.longest_wait_s)
        return max(longest * (1 + self.jitter()) / 2, asked_s or 0.0)


def retry(
    attempt: Callable[[], T], policy: RetryPolicy, *, gained: Callable[[], bool] = lambda: False
) -> tuple[T, int]:
    """The result of the first attempt that succeeds, and how many failed before it.

    Args:
        attempt: raises `TransientError` if it is worth another.
        policy: how often, and how long to wait in between.
        gained: whether the attempt that failed brought something all the same; it then does not count.

    Raises:
        TransientError: that of the last attempt, if all failed or the server wants us to wait for too long.
    """
    fruitless = retries = 0
    while True:
        try:
            return attempt(), retries
        except TransientError as error:
            fruitless = 1 if gained() else fruitless + 1
            too_long = (error.wait_s or 0) > policy.longest_retry_after_s
            if fruitless >= policy.attempts or too_long or retries >= _MOST_ATTEMPTS:
                raise TransientError(_given_up(error, retries, policy), wait_s=error.wait_s) from error
            policy.sleep(policy.wait_s(fruitless, error.wait_s))
            retries += 1


def expect_no_transient_status(response: Response) -> None:
    """Check whether a request should be repeated.

    Raises:
        TransientError: if its status says so.
    """
    if response.status_code in _PASSING_STATUS:
        raise TransientError(f"status {response.status_code}", wait_s=_retry_after_s(response))


def _given_up(error: TransientError, retries: int, policy: RetryPolicy) -> str:
    if (error.wait_s or 0) > policy.longest_retry_after_s:
        return f"{error}, and the server asks to wait for {error.wait_s:,.0f} s"
    return f"{error}, after {retries + 1} attempts"


def _retry_after_s(response: Response) -> float | None:
    """Seconds, from a number or a date (RFC 9110, section 10.2.3); None if there is neither."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])  # longer delays are clipped
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
