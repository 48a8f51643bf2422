"""Hold published metadata tables against the rules of the paper: names, order, split, country."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from reben.construct.country import REBEN_COUNTRIES, Countries, embedded_countries, nearest_country
from reben.construct.split import assign_splits, frames
from reben.core.grid import PatchGrid
from reben.core.names import PATCH_PATTERN, S1_PATCH_PATTERN, V1_PATCH_PATTERN
from reben.io.metadata import read_metadata
from reben.io.v1_geometries import V1Geometries, read_v1_geometries
from reben.verify.findings import Check, Finding


def verify_published(paths: Sequence[Path], *, v1_geometries: Path | None = None) -> list[Check]:
    """Recompute what follows from the rules, for every row.

    Args:
        paths: metadata tables of reBEN.
        v1_geometries: directory of v1 footprints; the country of rows whose footprint is there is recomputed.

    Raises:
        MetadataError: if a table or a file of footprints cannot be used at all.
    """
    read_metadata(paths)  # columns, types, labels, splits, and no patch twice, not even in two tables
    regions = [] if v1_geometries is None else read_v1_geometries(v1_geometries)
    countries = embedded_countries().only(REBEN_COUNTRIES)
    checks = []
    for path in paths:
        table = read_metadata(path)
        checks += [
            _check_order(path, table),
            _check_label_order(path, table),
            _check_names(path, table),
            _check_split(path, table),
        ]
        checks += [_check_country(path, table, region, countries) for region in regions]
    return checks


def _check_order(path: Path, table: pa.Table) -> Check:
    check = Check("rows are sorted by patch id", table.num_rows)
    ids = table["patch_id"].combine_chunks()
    late = pc.indices_nonzero(pc.less(ids[1:], ids[:-1])).to_pylist()
    check.add(Finding(f"{path}, row {row + 1}", f"{ids[row + 1]} comes after {ids[row]}") for row in late)
    return check


def _check_label_order(path: Path, table: pa.Table) -> Check:
    check = Check("labels are sorted by name", table.num_rows)
    labels = table["labels"].combine_chunks()
    flat, parents = pc.list_flatten(labels), pc.list_parent_indices(labels)
    late = pc.and_(pc.equal(parents[1:], parents[:-1]), pc.less(flat[1:], flat[:-1]))
    rows = pc.unique(pc.filter(parents[1:], late)).to_pylist()
    check.add(Finding(f"{path}, row {row}", f"labels {labels[row].as_py()}") for row in rows)
    return check


def _check_names(path: Path, table: pa.Table) -> Check:
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


def _check_split(path: Path, table: pa.Table) -> Check:
    check = Check("the split follows from where the patch lies in its tile", table.num_rows)
    parts = pc.extract_regex(table["patch_id"].combine_chunks(), f"^{PATCH_PATTERN}$")
    rows = pc.indices_nonzero(parts.is_valid()).to_numpy()  # the others are findings of their names
    columns, rows_in_tile = (_number(parts, field).take(rows).to_numpy() for field in ("column", "row"))
    grid = PatchGrid()
    expected = assign_splits(columns, rows_in_tile, grid, frames(grid.tile_side_m))
    found = table["split"].take(rows).to_numpy()
    check.add(
        Finding(f"{path}, row {rows[i]}", f"{table['patch_id'][int(rows[i])]} is in {found[i]}; expected {expected[i]}")
        for i in np.flatnonzero(expected != found)
    )
    return check


def _check_country(path: Path, table: pa.Table, region: V1Geometries, countries: Countries) -> Check:
    places = pc.index_in(table["s2v1_name"].combine_chunks(), region.names)
    rows = pc.indices_nonzero(places.is_valid()).to_numpy()
    check = Check(f"the country is the nearest of the ten ({region.crs})", len(rows))
    if len(rows):
        footprints = region.footprints.take(places.take(rows)).to_numpy(zero_copy_only=False)
        expected = nearest_country(countries, shapely.from_wkb(footprints), region.crs)
        check.add(_different_countries(path, table, rows.tolist(), expected))
    return check


def _different_countries(path: Path, table: pa.Table, rows: list[int], expected: list[str]) -> Iterator[Finding]:
    found = table["country"].take(rows).to_pylist()
    for row, one, other in zip(rows, found, expected, strict=True):
        if one != other:
            yield Finding(f"{path}, row {row}", f"{table['patch_id'][row]} is in {one}; expected {other}")


def _number(parts: pa.StructArray, field: str) -> pa.Int32Array:
    return pc.struct_field(parts, field).cast(pa.int32())
