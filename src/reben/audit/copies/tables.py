"""Metadata tables of copies: read as they are, since wrong labels are what an audit looks for."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from reben.audit.copies.copy import CopyRow, as_labels
from reben.core.errors import AuditError
from reben.core.text import printable
from reben.io.dataset.paths import DatasetPaths

ID_COLUMNS = ("patch_id", "patch", "id", "name", "key", "image_id", "tortilla:id")
"""What the column of patch ids is called, the likeliest name first."""

_FLAGS = ("contains_seasonal_snow", "contains_cloud_or_shadow")
_LARGEST_TABLE = 1 << 30  # bytes; the published ones have 4.3 million


def tables_beside(root: Path) -> tuple[Path, ...]:
    """The tables of a copy: the published ones by their names, else all Parquet and CSV files of the folder."""
    published = DatasetPaths(root).tables
    if published or not root.is_dir():
        return published
    return tuple(sorted(path for path in root.iterdir() if path.suffix in {".parquet", ".csv"} and path.is_file()))


def read_rows(paths: Iterable[Path]) -> dict[str, CopyRow]:
    """Rows of tables by patch id; tables without patch ids are left out.

    Raises:
        AuditError: if a file is not a table.
    """
    rows: dict[str, CopyRow] = {}
    for path in paths:
        rows.update(rows_of(read_table(path)))
    return rows


def read_table(path: Path) -> pa.Table:
    """A Parquet or CSV file.

    Raises:
        AuditError: if it is neither, or very large.
    """
    try:
        if path.stat().st_size > _LARGEST_TABLE:
            raise AuditError(f"{path}: has more than {_LARGEST_TABLE:,} bytes; the published tables have 4.3 million")
        return pyarrow.csv.read_csv(path) if path.suffix == ".csv" else pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise AuditError(
            f"{path}: cannot be read as a table ({error})", hint="give a Parquet or CSV file with patch ids"
        ) from error


def rows_of(table: pa.Table) -> dict[str, CopyRow]:
    """Rows by patch id; none if no column holds ids."""
    columns = [column for column in ID_COLUMNS if column in table.column_names]
    if not columns:
        return {}
    ids = [printable(str(value)) for value in table[columns[0]].to_pylist()]
    labels = _values(table, ("labels", "label", "classes"))
    splits = _values(table, ("split", "tortilla:data_split", "set", "partition"))
    partners = _values(table, ("s1_name", "s1_id"))
    flags = [_values(table, (flag,)) for flag in _FLAGS]
    has_flags = any(flag in table.column_names for flag in _FLAGS)
    return {
        patch_id: CopyRow(
            labels=as_labels(labels[number]) if labels else None,
            split=None if not splits or splits[number] is None else str(splits[number]),
            s1_name=None if not partners or partners[number] is None else str(partners[number]),
            has_snow_or_cloud=any(bool(flag[number]) for flag in flags if flag) if has_flags else None,
        )
        for number, patch_id in enumerate(ids)
    }


def _values(table: pa.Table, names: Sequence[str]) -> list[object] | None:
    """Values of the first of these columns that there is."""
    found = next((name for name in names if name in table.column_names), None)
    return None if found is None else list(table[found].to_pylist())


def merged(first: CopyRow, second: CopyRow | None) -> CopyRow:
    """What one source says of a patch, and where it says nothing what another one says."""
    if second is None:
        return first
    return CopyRow(
        *(
            getattr(second, name) if getattr(first, name) is None else getattr(first, name)
            for name in ("labels", "split", "s1_name", "has_snow_or_cloud")
        )
    )
