import pytest

from reben.work import stage_times as stages
from reben.work.stage_times import StageTimes


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the clock shows next, and then."""
    times: list[float] = []
    monkeypatch.setattr(stages.time, "perf_counter", lambda: times.pop(0))
    return times


def test_times_add_up_in_the_order_of_first_entry(clock: list[float]):
    clock += [10, 12.5, 20, 21, 30, 30.25]
    times = StageTimes()
    for name in ("decode", "write", "decode"):
        with times.stage(name):
            pass
    assert list(times.seconds.items()) == [("decode", 2.75), ("write", 1)]


def test_a_stage_that_fails_counts(clock: list[float]):
    clock += [1, 3]
    times = StageTimes()
    with pytest.raises(ValueError, match="wrong"), times.stage("decode"):
        raise ValueError("wrong")
    assert times.seconds == {"decode": 2}
