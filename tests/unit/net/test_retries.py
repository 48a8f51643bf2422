from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from httpx2 import Response

from reben.net.retries import RetryPolicy, TransientError, expect_no_transient_status, retry


def failing(times: int, *, wait_s: float | None = None):
    left = [times]

    def attempt() -> str:
        left[0] -= 1
        if left[0] >= 0:
            raise TransientError("no", wait_s=wait_s)
        return "yes"

    return attempt


def test_waits_double_and_have_a_limit(clock):
    policy = RetryPolicy(attempts=9, sleep=clock.sleep, jitter=lambda: 1.0)
    assert retry(failing(8), policy) == ("yes", 8)
    assert clock.waits == [2, 4, 8, 16, 32, 64, 120, 120]


def test_jitter_takes_away_up_to_a_half():
    policy = RetryPolicy(jitter=lambda: 0.0)
    assert policy.wait_s(1, None) == 1
    assert policy.wait_s(1, 30) == 30


def test_the_last_error_is_raised_with_the_number_of_attempts(clock):
    with pytest.raises(TransientError, match="no, after 6 attempts"):
        retry(failing(9), RetryPolicy(sleep=clock.sleep))
    assert len(clock.waits) == 5


def test_attempts_that_gain_do_not_count_but_end_some_time(clock):
    policy = RetryPolicy(attempts=2, sleep=clock.sleep)
    assert retry(failing(50), policy, gained=lambda: True) == ("yes", 50)
    with pytest.raises(TransientError, match="after 101 attempts"):
        retry(failing(500), policy, gained=lambda: True)


def test_servers_that_ask_for_too_much_are_not_waited_for(clock):
    with pytest.raises(TransientError, match="asks to wait for 5,000 s"):
        retry(failing(1, wait_s=5000), RetryPolicy(sleep=clock.sleep))
    assert clock.waits == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("9" * 40, 999_999_999),
        ("Mon, 23 Nov 2020 09:00:00 GMT", 0),
        ("99999999999999 Nov 2020 09:00:00", None),
    ],
)
def test_retry_after(text: str, seconds: float | None):
    with pytest.raises(TransientError) as caught:
        expect_no_transient_status(Response(503, headers={"Retry-After": text}))
    assert caught.value.wait_s == seconds


def test_retry_after_as_a_date():
    soon = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    with pytest.raises(TransientError) as caught:
        expect_no_transient_status(Response(429, headers={"Retry-After": soon}))
    assert 3500 < caught.value.wait_s <= 3600


@pytest.mark.parametrize("status", [200, 206, 301, 400, 401, 403, 404, 416, 501])
def test_other_statuses_are_somebody_else_s_business(status: int):
    expect_no_transient_status(Response(status))
