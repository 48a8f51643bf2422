"""Rules that a metadata table itself must keep: order, names, split."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reben.core.grid import PatchGrid
from reben.core.names import CELL_PATTERN, PATCH_PATTERN, S1_PATCH_PATTERN, V1_PATCH_PATTERN
from reben.rules.split import assign_splits, frames
from reben.verify.findings import Check, Finding
from reben.verify.rules import DatasetRules


def check_table(path: Path, table: pa.Table, rules: DatasetRules) -> list[Check]:
    """All rules that need nothing but the table.

    Args:
        path: of the table, for findings.
        table: as `read_metadata` gives it.
        rules: by which the data set was made.
    """
    return [
        check_order(path, table),
        check_label_order(path, table),
        check_names(path, table),
        check_split(path, table, rules),
    ]


def check_tables(tables: Mapping[Path, pa.Table], rules: DatasetRules) -> list[Check]:
    """The checks of each table; where there are several, the rules say of which.

    Args:
        tables: by path, each as `read_metadata` gives it.
        rules: by which the data set was made.
    """
    checks = []
    for path, table in tables.items():
        for check in check_table(path, table, rules):
            if len(tables) > 1:
                check.rule = f"{path.name}: {check.rule}"
            checks.append(check)
    return checks


def check_order(path: Path, table: pa.Table) -> Check:
    """Rows are sorted by patch id."""
    check = Check("rows are sorted by patch id", table.num_rows)
    ids = table["patch_id"].combine_chunks()
    late = pc.indices_nonzero(pc.less(ids[1:], ids[:-1])).to_pylist()
    check.add(Finding(f"{path}, row {row + 1}", f"{ids[row + 1]} comes after {ids[row]}") for row in late)
    return check


def check_label_order(path: Path, table: pa.Table) -> Check:
    """Labels are sorted by name."""
    check = Check("labels are sorted by name", table.num_rows)
    labels = table["labels"].combine_chunks()
    flat, parents = pc.list_flatten(labels), pc.list_parent_indices(labels)
    late = pc.and_(pc.equal(parents[1:], parents[:-1]), pc.less(flat[1:], flat[:-1]))
    rows = pc.unique(pc.filter(parents[1:], late)).to_pylist()
    check.add(Finding(f"{path}, row {row}", f"labels {labels[row].as_py()}") for row in rows)
    return check


def check_names(path: Path, table: pa.Table) -> Check:
    """Sentinel-1 and v1 names have column and row of the patch; the former its MGRS tile, the latter its satellite."""
    check = Check("names have their form and agree with each other", table.num_rows)
    parts = {
        name: pc.extract_regex(table[name].combine_chunks(), f"^{pattern}$")
        for name, pattern in (
            ("patch_id", PATCH_PATTERN),
            ("s1_name", S1_PATCH_PATTERN),
            ("s2v1_name", V1_PATCH_PATTERN),
        )
    }
    patch = parts["patch_id"]
    for name, common in (("s1_name", ("mgrs",)), ("s2v1_name", ("mission",))):
        given, other = table[name].combine_chunks().is_valid(), parts[name]
        equal = pc.and_(patch.is_valid(), other.is_valid())
        for field in common:
            equal = pc.and_(equal, pc.equal(pc.struct_field(patch, field), pc.struct_field(other, field)))
        for field in ("column", "row"):
            equal = pc.and_(equal, pc.equal(_number(patch, field), _number(other, field)))
        check.add(
            Finding(f"{path}, row {row}", f"{name} {table[name][row]} does not fit {table['patch_id'][row]}")
            for row in pc.indices_nonzero(pc.and_not(given, pc.fill_null(equal, False))).to_pylist()  # noqa: FBT003
        )
    return check


def check_split(path: Path, table: pa.Table, rules: DatasetRules) -> Check:
    """The split is that of the ground on which the patch lies."""
    check = Check("the split follows from where the patch lies in its tile", table.num_rows)
    parts = pc.extract_regex(table["patch_id"].combine_chunks(), f"^{PATCH_PATTERN}$")
    rows = pc.indices_nonzero(parts.is_valid()).to_numpy()  # the others are findings of their names
    columns, rows_in_tile = (_number(parts, field).take(rows).to_numpy() for field in ("column", "row"))
    tiles = pc.replace_substring_regex(table["patch_id"].take(rows), CELL_PATTERN, "").combine_chunks()
    sides_m = np.array([rules.side_m(tile) for tile in tiles.to_pylist()], np.int64)
    found = table["split"].take(rows).to_numpy()
    for side_m in np.unique(sides_m):
        here = np.flatnonzero(sides_m == side_m)
        grid = PatchGrid(int(side_m), rules.patch_size_m)
        expected = assign_splits(columns[here], rows_in_tile[here], grid, frames(int(side_m), p=rules.p, q=rules.q))
        check.add(
            Finding(f"{path}, row {rows[i]}", f"{table['patch_id'][int(rows[i])]} is in {found[i]}; expected {split}")
            for i, split in zip(here, expected, strict=True)
            if split != found[i]
        )
    return check


def _number(parts: pa.StructArray, field: str) -> pa.Int32Array:
    return pc.struct_field(parts, field).cast(pa.int32())
