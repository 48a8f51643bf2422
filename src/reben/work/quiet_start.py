"""Preloaded by the server that starts worker processes, and imported by nothing else: it changes what they say.

A worker may be starting when the main process ends by Ctrl-C or SIGTERM. What it wants to receive is gone then, and the
traceback that it would print is nobody's.
"""

import sys
from types import TracebackType

_PARENT_IS_GONE = (FileNotFoundError, EOFError, ConnectionError)


def _say_unless_alone(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, _PARENT_IS_GONE):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _say_unless_alone
