"""Time several ways of doing one thing fairly: in turn, several rounds, medians."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median


def medians_s(
    ways: Mapping[str, Callable[[], object]], *, rounds: int, prepare: Callable[[], object] = lambda: None
) -> dict[str, float]:
    """Median wall time of each way, in seconds.

    Each round runs all ways once, each after `prepare`, which is not timed, and after the disk has come to rest.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            prepare()
            os.sync()
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in times.items()}


def peak_memory_bytes() -> int:
    """Most memory that this process has held since its program began; `ru_maxrss` begins with that of its parent."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))
