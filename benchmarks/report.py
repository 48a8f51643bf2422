"""The benchmark's tables as a page: `docs/benchmarks.md`."""

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

PAGE = Path("docs/benchmarks.md")
_PACKAGES = ("lmdb", "numba", "numpy", "rasterio", "safetensors", "torch")


class Report:
    """Tables, printed as they come and written at the end."""

    def __init__(self) -> None:
        self._lines = [
            "# Benchmarks",
            "",
            "Written by `make bench`. Each figure is the median of several runs, all ways in turn.",
            "Rates depend on the machine, ratios less so.",
            "",
            f"Machine: {_processor()}, {os.cpu_count()} processors, {_memory_gb():.0f} GB.",
            ", ".join((f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in _PACKAGES)))
            + ".",
        ]

    def heading(self, text: str, *, note: str = "") -> None:
        """Begin a section."""
        self._add("", f"## {text}", "", *([note, ""] if note else []))

    def table(self, columns: Sequence[str], rows: Mapping[str, Sequence[str]]) -> None:
        """A row per name."""
        self._add(f"| {' | '.join(columns)} |", "|---|" + "---:|" * (len(columns) - 1))
        self._add(*(f"| {' | '.join((name, *cells))} |" for name, cells in rows.items()))

    def line(self, text: str) -> None:
        """A sentence."""
        self._add("", text)

    def write(self) -> None:
        """Write the page."""
        PAGE.write_text("\n".join(self._lines) + "\n", encoding="utf-8")

    def _add(self, *lines: str) -> None:
        self._lines += lines
        print("\n".join(lines), flush=True)


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
