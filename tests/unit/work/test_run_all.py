from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import closing
from threading import Event, Timer

import pytest

from reben.core.errors import BuildError, ProductError, RebenError
from reben.work.run_all import as_they_end, run_all


def death(task: int) -> RebenError:
    return BuildError(f"a worker died at {task}")


def half(task: int) -> int:
    if task % 2:
        raise ProductError(f"{task} is odd")
    return task // 2


def test_results_and_errors_come_with_their_tasks():
    with ThreadPoolExecutor(2) as executor:
        found = dict(run_all(executor, half, range(5), death=death))
    assert {task: found[task] for task in (0, 2, 4)} == {0: 0, 2: 1, 4: 2}
    assert {str(found[task]) for task in (1, 3)} == {"1 is odd", "3 is odd"}


def test_a_worker_that_dies_is_an_error_that_names_the_task():
    class Dying(Executor):
        def submit(self, *_arguments: object, **_named: object) -> Future[int]:
            future: Future[int] = Future()
            future.set_exception(BrokenExecutor("killed"))
            return future

    with pytest.raises(BuildError, match=r"a worker died at 7 \(killed\)") as caught:
        list(run_all(Dying(), half, [7], death=death))
    assert "resumes the work" in caught.value.hint
    assert isinstance(caught.value.__cause__, BrokenExecutor)


def test_what_has_not_begun_is_cancelled_when_the_caller_leaves():
    begun: list[int] = []
    first, go_on = Event(), Event()

    def wait(task: int) -> int:
        begun.append(task)
        if task:
            first.set()
            go_on.wait(60)
        return task

    with ThreadPoolExecutor(1) as executor:
        with closing(run_all(executor, wait, range(9), death=death)) as outcomes:
            assert next(outcomes) == (0, 0)
            assert first.wait(60)
        go_on.set()
    assert begun == [0, 1]


def test_other_errors_are_faults_of_the_program():
    with ThreadPoolExecutor(1) as executor, pytest.raises(ZeroDivisionError):
        list(run_all(executor, lambda task: 1 // task, [0], death=death))


def test_an_interrupt_while_tasks_are_submitted_cancels_those_that_wait():
    waiting: list[Future[int]] = []

    class Interrupted(Executor):
        def submit(self, *_arguments: object, **_named: object) -> Future[int]:
            if len(waiting) == 2:
                raise KeyboardInterrupt
            waiting.append(Future())
            return waiting[-1]

    with pytest.raises(KeyboardInterrupt):
        list(run_all(Interrupted(), half, range(3), death=death))
    assert [future.cancelled() for future in waiting] == [True, True]


def test_futures_come_as_they_end_however_long_that_takes(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("reben.work.run_all._AWAKE_EVERY_S", 0.01)
    futures: list[Future[int]] = [Future() for _ in range(3)]
    futures[1].set_result(1)
    found = as_they_end(futures)
    assert next(found) is futures[1]
    timer = Timer(0.1, lambda: [futures[number].set_result(number) for number in (2, 0)])
    timer.start()
    assert {future.result() for future in found} == {0, 2}
    timer.join()
