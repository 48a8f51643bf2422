"""Large work of a test in a process of its own, so that its memory is not added to what other tests have left."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any, TypeVar

_T = TypeVar("_T")


def in_own_process(function: Callable[..., _T], *arguments: Any, **settings: Any) -> _T:
    """What a function returns, called in a new process; it, its arguments and its result have to be picklable."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **settings).result()
