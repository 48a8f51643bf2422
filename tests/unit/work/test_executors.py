"""How many threads a worker gets; workers themselves run in integration/test_accidents.py and test_cluster.py."""

import pytest

from reben.work import executors
from reben.work.executors import threads_per_worker


@pytest.mark.parametrize(
    ("threads", "workers", "scheduler", "expected"),
    [
        (None, 1, "", 8),
        (None, 3, "", 2),
        (None, 9, "", 1),
        (5, 3, "", 5),
        (None, 1, "tcp://10.0.0.1:8786", 1),
        (4, 1, "tcp://10.0.0.1:8786", 4),
    ],
)
def test_processors_are_shared_by_the_workers(
    threads: int | None, workers: int, scheduler: str, expected: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(executors, "available_cpus", lambda: 8)
    assert threads_per_worker(threads, workers, scheduler) == expected
