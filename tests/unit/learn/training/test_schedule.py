from math import cos, pi

import pytest

from reben.learn.training.schedule import rate, warmup_length

WARMUP, TOTAL = 1000, 53_300


def test_the_rise_is_a_line_from_a_tenth_to_one():
    for step in range(0, WARMUP + 1, 50):
        assert rate(step, warmup_steps=WARMUP, total_steps=TOTAL) == pytest.approx(0.1 + 0.9 * step / WARMUP)


def test_the_fall_is_half_a_cosine_to_a_tenth():
    for step in range(WARMUP, TOTAL + 1, 523):
        expected = 0.1 + 0.9 * (1 + cos(pi * (step - WARMUP) / (TOTAL - WARMUP))) / 2
        assert rate(step, warmup_steps=WARMUP, total_steps=TOTAL) == pytest.approx(expected)
    assert rate(TOTAL, warmup_steps=WARMUP, total_steps=TOTAL) == pytest.approx(0.1)


@pytest.mark.parametrize("total", [0, 1, 2, 3, 10, 1000])
def test_short_runs_reach_the_highest_rate_in_their_middle(total: int):
    rates = [rate(step, warmup_steps=WARMUP, total_steps=total) for step in range(total + 1)]
    assert warmup_length(WARMUP, total) == total // 2
    assert max(rates) == pytest.approx(1)
    assert all(0.1 - 1e-9 <= value <= 1 for value in rates)


def test_no_rise_starts_at_the_top():
    assert rate(0, warmup_steps=0, total_steps=10) == pytest.approx(1)


def test_beyond_the_end_the_rate_stays():
    assert rate(99, warmup_steps=1, total_steps=10) == pytest.approx(0.1)
