"""Whether there is a data set already that the same command would build.

A command that is killed in the moment in which it has finished leaves a whole data set, and an exit code that says
otherwise. Given again, it finds its own work, as long as nothing that it read has changed since.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reben.construct.changes import changed_file, newest_change_s
from reben.construct.report import BuildReport, read_report
from reben.core.errors import BuildError, RebenError
from reben.core.names import PatchName
from reben.io.dataset.legends import legend_of_tables
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths


def finished_report(
    target: Path, parameters: dict[str, Any], products: Mapping[str, Sequence[Path]], s1_dir: Path | None
) -> BuildReport | None:
    """The report of a data set at `target`, if it was built with the same parameters of the same files.

    Args:
        target: where the data set would be built.
        parameters: all that decides what is built, with sizes and times of the input files.
        products: L2A products by tile.
        s1_dir: ready Sentinel-1 patches, if they are used.
    """
    path = DatasetPaths(target).report
    if not path.is_file():
        return None
    try:
        report = read_report(path)
    except BuildError:
        return None
    if report.parameters != json.loads(json.dumps(parameters)):
        return None
    return None if _is_changed(DatasetPaths(target), report, products, s1_dir) else report


def _is_changed(
    paths: DatasetPaths, report: BuildReport, products: Mapping[str, Sequence[Path]], s1_dir: Path | None
) -> bool:
    """Whether anything of which the data set was made is another thing now, or not what it should be."""
    s1_names: dict[str, list[str | None]] = defaultdict(list)
    try:
        if s1_dir is not None:
            rows = read_metadata(paths.tables, legend=legend_of_tables(paths.tables))
            for patch_id, s1_name in zip(rows["patch_id"].to_pylist(), rows["s1_name"].to_pylist(), strict=True):
                s1_names[str(PatchName.parse(patch_id).tile)].append(s1_name)
        for tile, parts in products.items():
            record = report.tiles.get(tile)
            if record is None:  # it failed; another try is worth while if there is something else now
                changed = any(newest_change_s(part) > paths.report.stat().st_mtime for part in parts)
            else:
                changed = changed_file(record, parts, s1_dir, s1_names[tile]) is not None
            if changed:
                return True
    except (RebenError, OSError):  # a damaged data set
        return True
    return False
