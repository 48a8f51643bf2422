"""The first steps of the command: what stops it is dealt with before anything is imported that takes time.

Ctrl-C and SIGTERM may come at any moment: while torch is imported, in a destructor, while the interpreter ends.
Wherever they come, the process ends without a traceback, and temporary files are removed.
"""

import signal
import sys
from types import FrameType

_SIGNALS: dict[type[BaseException], int] = {KeyboardInterrupt: signal.SIGINT, SystemExit: signal.SIGTERM}
_AGAIN_AFTER_S = 0.05
_swallowed: list[int] = []
_INTERRUPTED = 128 + signal.SIGINT


def main() -> None:
    """Run the command line."""
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGALRM, _repeat)
    sys.unraisablehook = _say_or_repeat
    code: object = 0
    try:
        from reben.cli.main import run  # noqa: PLC0415 - see above

        run()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; the same command resumes where it can\n")
        code = _INTERRUPTED
    except SystemExit as ending:
        code = ending.code
    finally:  # from here on there is nothing to tidy up
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)  # type: ignore[arg-type]  # what another exit gave


def _terminate(number: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that temporary files are removed."""
    sys.exit(128 + number)


def _say_or_repeat(unraisable: "sys.UnraisableHookArgs") -> None:
    """Bring a signal again that came where Python swallows exceptions, such as in a destructor."""
    number = next((number for kind, number in _SIGNALS.items() if issubclass(unraisable.exc_type, kind)), None)
    if number is None:
        sys.__unraisablehook__(unraisable)
        return
    _swallowed.append(number)
    signal.setitimer(signal.ITIMER_REAL, _AGAIN_AFTER_S)  # not at once: this function would swallow it, too


def _repeat(_number: int, _frame: FrameType | None) -> None:
    while _swallowed:
        signal.raise_signal(_swallowed.pop())


if __name__ == "__main__":
    main()
