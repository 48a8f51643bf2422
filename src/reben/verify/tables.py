"""Rules that a metadata table itself must keep: order, names, split."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reben.core.grid import PatchGrid
from reben.core.names import CELL_PATTERN, PATCH_PATTERN, S1_PATCH_PATTERN, V1_PATCH_PATTERN
from reben.io.dataset.tile_extents import TileExtents
from reben.rules.split_rules import SplitRule, splits_in_tile
from reben.verify.findings import Check, Finding
from reben.verify.rules import DatasetRules

_YEAR_AT = len("S2A_MSIL2A_")
"""Where the year of acquisition stands in a patch id."""


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
    """The split is that of the ground on which the patch lies, or that of its country or year."""
    if not rules.split.is_known_in_tiles:
        return _check_groups(path, table, rules.split)
    check = Check("the split follows from where the patch lies", table.num_rows)
    parts = pc.extract_regex(table["patch_id"].combine_chunks(), f"^{PATCH_PATTERN}$")
    rows = pc.indices_nonzero(parts.is_valid()).to_numpy()  # the others are findings of their names
    columns, rows_in_tile = (_number(parts, field).take(rows).to_numpy() for field in ("column", "row"))
    tiles = pc.replace_substring_regex(table["patch_id"].take(rows), CELL_PATTERN, "").combine_chunks()
    names = np.array(tiles.to_pylist(), dtype=object)
    found = table["split"].take(rows).to_numpy()
    extents = TileExtents(rules.extents)
    for tile in dict.fromkeys(names.tolist()):
        here = np.flatnonzero(names == tile)
        if tile not in extents:
            check.add([Finding(str(path), f"it is not known where tile {tile} lies, on which its splits depend")])
            continue
        grid = PatchGrid(extents[tile].side_m, rules.patch_size_m)
        expected = splits_in_tile(rules.split, columns[here], rows_in_tile[here], grid, extents[tile])
        check.add(
            Finding(f"{path}, row {rows[i]}", f"{table['patch_id'][int(rows[i])]} is in {found[i]}; expected {split}")
            for i, split in zip(here, expected, strict=True)
            if split != found[i]
        )
    return check


def _check_groups(path: Path, table: pa.Table, rule: SplitRule) -> Check:
    """All patches of a country or year are in one split."""
    check = Check(f"all patches of a {rule.by} are in one split", table.num_rows)
    years = pc.utf8_slice_codeunits(table["patch_id"], _YEAR_AT, _YEAR_AT + 4)
    groups = (table["country"] if rule.by == "country" else years).to_pylist()
    splits: dict[str | None, str] = {}
    for row, (group, split) in enumerate(zip(groups, table["split"].to_pylist(), strict=True)):
        if splits.setdefault(group, split) != split:
            check.add([Finding(f"{path}, row {row}", f"{group} is in {split} here, and in {splits[group]} before")])
    return check


def _number(parts: pa.StructArray, field: str) -> pa.Int32Array:
    return pc.struct_field(parts, field).cast(pa.int32())
