"""The command line within this process: an import of torch in each of many processes would take most of the time."""

import os
import signal
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from subprocess import CompletedProcess
from unittest import mock

from reben.__main__ import main


def run_reben(*arguments: object, code: int | tuple[int, ...] = 0, **environment: str) -> CompletedProcess[str]:
    """Run `reben` with these arguments and expect its exit code, or one of several."""
    out, err = StringIO(), StringIO()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)}
    words = ["reben", *map(str, arguments)]
    ended = 0
    with (
        mock.patch("sys.argv", words),
        mock.patch("sys.unraisablehook", sys.unraisablehook),
        mock.patch.dict(os.environ, environment),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as exit_:
            ended = int(exit_.code or 0)
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
    assert ended in (code if isinstance(code, tuple) else (code,)), out.getvalue() + err.getvalue()
    assert "Traceback" not in err.getvalue(), err.getvalue()
    return CompletedProcess(words, ended, out.getvalue(), err.getvalue())
