"""Kills at every step: a process that ends, without a word, before the n-th change that it would make to the disk.

Python tells an audit hook of every rename, unlink, mkdir and new file before it is done. `os._exit` there is as sudden
as SIGKILL: nothing is flushed, no `finally` runs.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

KILLED = 137
_FAILED = 99
_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate"}
_CREATES = os.O_CREAT | os.O_TRUNC


def run_until(change: int, work: Callable[[], object]) -> int:
    """Do `work` in a forked process that ends before the change of that number, from 1 on; its exit code.

    Args:
        change: which change; 0 for none.
        work: what to do; an exception is printed and gives a code of its own.
    """
    child = os.fork()
    if child == 0:
        code = _FAILED
        try:
            _end_before(change)
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - whatever it is, the parent is told
            traceback.print_exc()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_after(seconds: float, work: Callable[[], object]) -> bool:
    """Do `work` in a forked process that is killed after some time; whether it had not ended before.

    Args:
        seconds: until it is killed.
        work: what to do.
    """
    child = os.fork()
    if child == 0:
        code = _FAILED
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)  # it is ours until it has been waited for
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, -signal.SIGKILL}, f"ended with {code} before it was killed"
    return code != 0


def every_kill(
    work: Callable[[Path], object], folder: Path, *, check: Callable[[Path], object], step: int = 1, most: int = 10_000
) -> int:
    """Kill `work` at every `step`-th change in a new folder, do it again, undisturbed, and check what is there then.

    Args:
        work: takes the folder and makes everything in it.
        folder: where the folders are made.
        check: takes a folder after the second attempt; it raises if something is wrong.
        step: which kills to try.
        most: how many kills at most.

    Returns:
        how many kills were tried.
    """
    sys.stdout.flush()
    for tried in range(most):
        place = folder / f"kill-{tried}"
        place.mkdir()
        code = run_until(tried * step + 1, lambda place=place: work(place))
        assert code in {0, KILLED}, f"attempt {tried}: ended with {code} before it was killed"
        again = run_until(0, lambda place=place: work(place))
        assert again == 0, f"killed before change {tried * step + 1}: the next attempt ended with {again}"
        check(place)
        if code == 0:
            return tried
    return most


def hidden_in(folder: Path) -> list[str]:
    """Hidden files and folders: what an attempt has left."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob(".*"))


def stride(usual: int) -> int:
    """Return every how many changes a process is killed.

    REBEN_TEST_KILLS=all tries each; `many`, as `make test-all` has it, the usual ones; without it a fifth of those.
    """
    return {"all": 1, "many": usual}.get(os.environ.get("REBEN_TEST_KILLS", ""), 5 * usual)


def _end_before(change: int) -> None:
    count = 0
    mine = os.getpid()

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if os.getpid() != mine or not _is_change(event, arguments):
            return
        count += 1
        if count == change:
            os._exit(KILLED)

    sys.addaudithook(hook)


def _is_change(event: str, arguments: tuple[object, ...]) -> bool:
    if event in _CHANGES:
        return True
    if event != "open" or str(arguments[0]).startswith(("/proc", "/dev", "/sys")):
        return False
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & _CREATES)
