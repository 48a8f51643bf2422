"""Compare an earlier version of a data set with a later one: labels, splits, ground."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reben.compare.earlier import Earlier, read_earlier
from reben.compare.grounds import Grounds, grounds_of, overlapping
from reben.compare.labels import label_changes
from reben.compare.leakage import Leakage, leakage
from reben.compare.report import CompareReport
from reben.core.classes import Legend
from reben.core.errors import MetadataError
from reben.core.names import SPLIT_NAMES
from reben.describe.footprints import footprints_of
from reben.io.dataset.legends import legend_of_tables
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.tile_extents import find_tile_extents


def compare(earlier: Path, later: Sequence[Path], *, tile_extents: Path | None = None) -> CompareReport:
    """Compare two versions.

    Args:
        earlier: labels or splits of the earlier version, by names of BigEarthNet v1 or of the later version.
        later: metadata tables of the later version.
        tile_extents: file that says where tiles lie, if neither a build report nor their names do.

    Raises:
        MetadataError: if a table cannot be read, the versions have no patch in common, or it is not known where a
            patch lies.
        LegendError: if a label is unknown.
    """
    legend = legend_of_tables(later)
    rows = read_metadata(list(later), legend=legend)
    known = read_earlier(earlier)
    names = earlier_names(known, rows)
    common = sum(name is not None for name in names)
    if not common:
        raise MetadataError(
            f"{earlier} and {', '.join(map(str, later))} have no patch in common: {_first_of_both(known, rows)}",
            hint="give the earlier version first, then the metadata tables of the later one",
        )
    footprints = footprints_of(rows["patch_id"], find_tile_extents(tile_extents, later))
    return CompareReport(
        earlier=earlier.name or str(earlier),
        later=tuple(path.name for path in later),
        earlier_patches=len(known.names),
        later_patches=rows.num_rows,
        common_patches=common,
        per_class=_per_class(rows, legend),
        labels=label_changes(known.labels, names, rows, legend),
        leakage=tuple(_leakage(known, names, rows, grounds_of(rows["patch_id"], footprints))),
    )


def _first_of_both(known: Earlier, rows: pa.Table) -> str:
    """The names with which two versions begin."""
    own = rows["patch_id"][0].as_py() if rows.num_rows else "nothing"
    return f"the one begins with {min(known.names)}, the other with {own}"


def earlier_names(known: Earlier, rows: pa.Table) -> list[str | None]:
    """The name that each row has in the earlier version: its own, or that of the v1 patch for which it stands."""
    there = known.names
    return [
        patch if patch in there else v1 if v1 in there else None
        for patch, v1 in zip(rows["patch_id"].to_pylist(), rows["s2v1_name"].to_pylist(), strict=True)
    ]


def _per_class(rows: pa.Table, legend: Legend) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {name: dict.fromkeys(SPLIT_NAMES, 0) for name in legend.class_names}
    for labels, split in zip(rows["labels"].to_pylist(), rows["split"].to_pylist(), strict=True):
        for label in labels:
            found[label][split] += 1
    return found


def _leakage(known: Earlier, names: Sequence[str | None], rows: pa.Table, grounds: Grounds) -> list[Leakage]:
    """Of the later splits, and of both versions' on the patches that have a split in both."""
    overlaps = overlapping(grounds)
    later = _indices(rows["split"].to_pylist())
    found = [leakage("later version, all patches", grounds, later, overlaps)]
    earlier = _indices([None if name is None else known.splits.get(name) for name in names])
    if (earlier >= 0).any():
        both = np.where(earlier >= 0, later, -1)
        found.append(leakage("earlier version", grounds, earlier, overlaps))
        found.append(leakage("later version, same patches", grounds, both, overlaps))
    return found


def _indices(splits: Sequence[str | None]) -> NDArray[np.int64]:
    """Index in `SPLIT_NAMES` of each split, -1 for none."""
    numbers: dict[str, int] = {name: number for number, name in enumerate(SPLIT_NAMES)}
    return np.array([numbers.get(split or "", -1) for split in splits], np.int64)
