"""The memory of this machine."""

import os
from pathlib import Path

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def memory_bytes() -> int:
    """Return the size of the machine's memory."""
    return _PAGE_BYTES * os.sysconf("SC_PHYS_PAGES")


def free_memory_bytes() -> int:
    """Return the memory that new processes could have; where the system says it, with what the page cache holds."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        (available,) = (line for line in lines if line.startswith("MemAvailable:"))
        return int(available.split()[1]) * 1024
    except (OSError, ValueError):  # not Linux
        return _PAGE_BYTES * os.sysconf("SC_AVPHYS_PAGES")
