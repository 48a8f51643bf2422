import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LEASH = [sys.executable, "-m", "reben.correct.sen2cor.child_process"]


@pytest.mark.parametrize("code", [0, 7])
def test_the_program_s_exit_code(code):
    command = [*LEASH, sys.executable, "-c", f"raise SystemExit({code})"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as leash:
        assert leash.wait(timeout=60) == code


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter where it ends while it is read
        return False


@pytest.fixture
def pid_file(tmp_path: Path) -> Path:
    return tmp_path / "pid"


def program_that_sleeps(pid_file: Path) -> list[str]:
    code = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    return [*LEASH, sys.executable, "-c", code]


def pid_of(pid_file: Path) -> int:
    end = time.monotonic() + 60
    while not pid_file.exists() or not pid_file.read_text():
        assert time.monotonic() < end
        time.sleep(0.02)
    return int(pid_file.read_text())


def expect_gone(pid: int) -> None:
    end = time.monotonic() + 60
    while is_running(pid):
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_killed_owner_takes_the_program_with_it(pid_file: Path):
    code = (
        "import subprocess, time\n"
        f"subprocess.Popen({program_that_sleeps(pid_file)!r}, stdin=subprocess.PIPE)\n"
        "time.sleep(600)\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", code])
    pid = pid_of(pid_file)
    assert is_running(pid)
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    expect_gone(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_leash_that_is_told_to_end_does_not_leave_the_program_behind(pid_file: Path, number):
    with subprocess.Popen(program_that_sleeps(pid_file), stdin=subprocess.PIPE) as leash:
        pid = pid_of(pid_file)
        leash.send_signal(number)
        assert leash.wait(timeout=60) == 1
    expect_gone(pid)
