"""Whether there is a data set already that the same command would build.

A command that is killed in the moment in which it has finished leaves a whole data set, and an exit code that says
otherwise. Given again, it finds its own work, as long as nothing that it read has changed since.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reben.core.errors import BuildError
from reben.io.dataset_paths import DatasetPaths
from reben.io.small_files import MOST_REPORT_BYTES, read_json

_METADATA = "MTD_MSIL2A.xml"
_NEEDED = {"parameters": dict, "failed tiles": dict, "patches": dict, "overlaps": list, "tiles": dict}


def finished_report(target: Path, parameters: dict[str, Any], products: Iterable[Path]) -> dict[str, Any] | None:
    """The report of a data set at `target`, if it was built with the same parameters of the same products.

    Args:
        target: where the data set would be built.
        parameters: all that decides what is built, with sizes and times of the input files.
        products: L2A products; none of them may have been changed since.
    """
    path = DatasetPaths(target).report
    if not path.is_file():
        return None
    try:
        report = read_json(path, error=BuildError, most_bytes=MOST_REPORT_BYTES)
    except BuildError:
        return None
    if not isinstance(report, dict) or any(not isinstance(report.get(name), kind) for name, kind in _NEEDED.items()):
        return None
    same = report["parameters"] == json.loads(json.dumps(parameters))
    return report if same and all(_changed_ns(product) <= path.stat().st_mtime_ns for product in products) else None


def _changed_ns(product: Path) -> int:
    """When a product was changed, in nanoseconds; a folder's metadata stand for it."""
    inside = next(iter(sorted(product.glob(f"**/{_METADATA}"))), product) if product.is_dir() else product
    return inside.stat().st_mtime_ns
