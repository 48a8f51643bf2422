"""Run a program that must not outlive us: `python -m reben.correct.sen2cor.child_process PROGRAM ARGUMENT...`.

It ends with the program's exit code, or kills the program and all that it has started when it is told to end, or when
standard input is closed, as the system does when the process at its other end dies, however it dies.
"""

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def run(command: list[str]) -> int:
    """Run `command` in a process group of its own; its exit code, or 1 if it was ended by a signal."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)  # noqa: S603 - our purpose

    def kill(*_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def kill_when_alone() -> None:
        while os.read(0, 4096):
            pass
        kill()

    for number in _SIGNALS:
        signal.signal(number, kill)
    threading.Thread(target=kill_when_alone, daemon=True).start()
    code = process.wait()
    return code if code >= 0 else 1


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
