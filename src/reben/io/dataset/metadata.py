"""Metadata tables: one row per patch, checked as a whole when they are read.

Columns and types as published (reBEN, `metadata.parquet` and `metadata_for_patches_with_snow_cloud_or_shadow.parquet`).
Tables of other data sets need `patch_id`, `labels` and `split` only; what else is missing counts as unknown.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from reben.core.classes import CLC2018, Legend
from reben.core.errors import MetadataError
from reben.core.names import SPLIT_NAMES
from reben.io.dataset.paths import DatasetPaths
from reben.work import atomic

AnyPath = str | os.PathLike[str]

SCHEMA = pa.schema(
    [
        pa.field("patch_id", pa.string(), nullable=False),
        pa.field("labels", pa.list_(pa.string()), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("country", pa.string()),
        pa.field("s1_name", pa.string()),
        pa.field("s2v1_name", pa.string()),
        pa.field("contains_seasonal_snow", pa.bool_()),
        pa.field("contains_cloud_or_shadow", pa.bool_()),
    ]
)
"""Country, s1_name and s2v1_name may be null in data sets of new areas; a flag is null where nobody has looked."""

FLAGS = ("contains_seasonal_snow", "contains_cloud_or_shadow")

REQUIRED_COLUMNS = ("patch_id", "labels", "split")
"""Columns that every table has; any other one that is missing counts as null."""

_ROW_GROUP_ROWS = 122_880  # as published


def read_metadata(
    paths: AnyPath | Sequence[AnyPath], *, legend: Legend = CLC2018, numbers: Sequence[str] = ()
) -> pa.Table:
    """Rows of one or several metadata tables, with the columns of `SCHEMA`, in the order of the files.

    Args:
        paths: of the tables.
        legend: classes of their labels.
        numbers: further columns to keep, which hold numbers.

    Raises:
        MetadataError: if a file is not a Parquet table, lacks a column, or a row has a wrong value; names file, column
            and row (counted from 0).
    """
    tables = []
    files = [Path(paths)] if isinstance(paths, str | os.PathLike) else [Path(path) for path in paths]
    if not files:
        raise MetadataError("no metadata table given")
    for path in files:
        table = _read_table(path, numbers)
        _check_values(path, table, legend)
        tables.append(table)
    _check_duplicates(files, tables)
    return pa.concat_tables(tables).combine_chunks()


def write_metadata(path: Path, table: pa.Table) -> None:
    """Write a table with the columns of `SCHEMA`, sorted by patch id, compressed and grouped as published.

    Args:
        path: file to write; it appears whole or not at all.
        table: rows to write.

    Raises:
        MetadataError: if it lacks a column, or one has another type or a null that must not be.
    """
    ordered = _typed(path, table).sort_by("patch_id")
    ordered = ordered.cast(pa.schema([_as_published(field, ordered) for field in SCHEMA]))
    with atomic.new_file(path) as partial:
        pq.write_table(ordered, partial, compression="zstd", row_group_size=_ROW_GROUP_ROWS)


def flagged(rows: pa.Table) -> pa.ChunkedArray:
    """Whether each row is known to have snow, clouds or cloud shadows; false where nobody has looked."""
    snow, cloud = (pc.fill_null(rows[name], False) for name in FLAGS)  # noqa: FBT003 - Arrow's signature
    return pc.or_(snow, cloud)


def _as_published(field: pa.Field, table: pa.Table) -> pa.Field:
    """A flag that is known of all rows cannot be null, as in the published tables."""
    known = field.name in FLAGS and not table[field.name].null_count
    return field.with_nullable(False) if known else field  # noqa: FBT003 - Arrow's signature


def _read_table(path: Path, numbers: Sequence[str] = ()) -> pa.Table:
    """Typed columns of one file.

    Raises:
        MetadataError: if it is not a Parquet file, or a column is missing, has another type or a null that must not be.
    """
    _expect_file(path)
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error
    typed = _typed(path, table)
    for name in numbers:
        typed = typed.append_column(pa.field(name, pa.float64()), _numbers(path, table, name))
    return typed


def _numbers(path: Path, table: pa.Table, name: str) -> pa.ChunkedArray:
    """A column of numbers as float64; missing ones are null.

    Raises:
        MetadataError: if there is no such column, or it holds something else.
    """
    if name not in table.column_names:
        raise MetadataError(
            f"{path}: column {name!r} is missing; found: {', '.join(table.column_names)}",
            hint="give one of them, or tables that have it",
        )
    column = table.column(name)
    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)):
        raise MetadataError(f"{path}, column {name!r}: has type {column.type}; expected numbers")
    return column.cast(pa.float64())


def first_patch(path: Path) -> str | None:
    """The first patch id of a table, of which nothing else is read; None if the table has no row.

    Raises:
        MetadataError: if the file is not a Parquet table, or lacks a column.
    """
    _expect_file(path)
    try:
        with pq.ParquetFile(path) as file:
            missing = [name for name in REQUIRED_COLUMNS if name not in file.schema_arrow.names]
            if missing:
                raise _missing_columns(path, missing, file.schema_arrow.names)
            batch = next(file.iter_batches(1, columns=["patch_id"]), None)
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error
    return None if batch is None or not len(batch) else str(batch["patch_id"][0].as_py())


def _expect_file(path: Path) -> None:
    """Check that a table is a file.

    Raises:
        MetadataError: if it is not.
    """
    if path.is_file():
        return
    tables = DatasetPaths(path).tables
    if tables:
        names = " and ".join(table.name for table in tables)
        raise MetadataError(f"{path} is a folder", hint=f"give the tables in it: {names}; or give it as --data")
    state = "is not a file" if path.exists() else "does not exist"
    raise MetadataError(f"{path} {state}", hint="give a metadata table, such as the metadata.parquet of reBEN")


def _missing_columns(path: Path, missing: Sequence[str], found: Sequence[str]) -> MetadataError:
    return MetadataError(
        f"{path}: column{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))} "
        f"{'are' if len(missing) > 1 else 'is'} missing; found: {', '.join(found)}",
        hint=f"a table needs the columns {', '.join(REQUIRED_COLUMNS)}; all others of reBEN are optional",
    )


def _unreadable(path: Path, error: Exception) -> MetadataError:
    return MetadataError(
        f"{path}: cannot be read as a Parquet table ({error})", hint="give a metadata.parquet of reBEN"
    )


def _typed(path: Path, table: pa.Table) -> pa.Table:
    """The columns of `SCHEMA` in their types, with those that a table of another data set need not have.

    Raises:
        MetadataError: if a required column is missing, or one has another type or a null that must not be.
    """
    missing = [name for name in REQUIRED_COLUMNS if name not in table.column_names]
    if missing:
        raise _missing_columns(path, missing, table.column_names)
    return pa.table([_typed_column(path, _column(table, field), field) for field in SCHEMA], SCHEMA)


def _column(table: pa.Table, field: pa.Field) -> pa.ChunkedArray:
    """A column of a table, or what stands for one that it lacks; a single label per patch becomes a list of one."""
    if field.name not in table.column_names:
        return pa.chunked_array([pa.nulls(table.num_rows, field.type)], field.type)
    column = table.column(field.name)
    if field.name == "labels" and _kind(column.type) == "text" and not pa.types.is_null(column.type):
        texts = column.cast(pa.string()).combine_chunks()
        empty = pc.cast(texts.is_null(), pa.int32())
        ends = pc.cumulative_sum(pc.subtract(pa.scalar(1, pa.int32()), empty))
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
        return pa.chunked_array([pa.ListArray.from_arrays(offsets, texts.drop_null())])
    return column


def _typed_column(path: Path, column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    if _kind(column.type) != _kind(field.type):
        raise MetadataError(f"{path}, column {field.name!r}: has type {column.type}; expected {field.type}")
    typed = column.cast(field.type)
    if not field.nullable and typed.null_count:
        raise MetadataError(f"{path}, column {field.name!r}, row {_first(typed.is_null())}: is empty")
    return typed


def _kind(kind: pa.DataType) -> str:
    """What a column holds, whichever of Arrow's encodings it uses."""
    if pa.types.is_dictionary(kind):
        return _kind(kind.value_type)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "text"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_list_view(kind):
        return f"list of {_kind(kind.value_type)}"
    if pa.types.is_null(kind):
        return "text"  # a column of nothing but nulls has no type of its own
    return str(kind)


def _check_values(path: Path, table: pa.Table, legend: Legend) -> None:
    """Check splits and labels.

    Raises:
        MetadataError: at the first wrong value.
    """
    known_split = pc.is_in(table["split"], pa.array(SPLIT_NAMES))
    if not pc.all(known_split, min_count=0).as_py():
        row = _first(pc.invert(known_split))
        value = table["split"][row].as_py()
        raise MetadataError(f"{path}, column 'split', row {row}: {value!r} is not one of {', '.join(SPLIT_NAMES)}")
    labels = table["labels"].combine_chunks()
    empty = pc.equal(pc.list_value_length(labels), 0)
    if pc.any(empty, min_count=0).as_py():
        raise MetadataError(f"{path}, column 'labels', row {_first(empty)}: has no label; a patch has one at least")
    flat, parents = pc.list_flatten(labels), pc.list_parent_indices(labels)
    known = pc.is_in(flat, pa.array(legend.class_names))
    if not pc.all(known, min_count=0).as_py():
        position = _first(pc.invert(known))
        raise MetadataError(
            f"{path}, column 'labels', row {parents[position]}: {flat[position].as_py()!r} is not a class of "
            f"{legend.name}",
            hint=_other_classes_hint(path, legend),
        )
    indices = pc.index_in(flat, pa.array(legend.class_names)).to_numpy().astype(np.int64)
    pairs = np.sort(parents.to_numpy() * len(legend.class_names) + indices)
    twice = pairs[1:][pairs[1:] == pairs[:-1]]
    if len(twice):
        row, index = divmod(int(twice[0]), len(legend.class_names))
        label = legend.class_names[index]
        raise MetadataError(f"{path}, column 'labels', row {row}: {label!r} is given twice")


def _other_classes_hint(path: Path, legend: Legend) -> str:
    """What to do about labels that the legend does not know."""
    file = DatasetPaths(path.parent).legend
    known = f"the classes are: {'; '.join(legend.class_names)}"
    if legend is CLC2018 and not file.exists():
        return f"a data set with classes of its own needs its {file.name} beside the table; reBEN's {known}"
    return known


def _check_duplicates(paths: Sequence[Path], tables: Sequence[pa.Table]) -> None:
    """Check that no patch occurs twice, within a table or in two.

    Raises:
        MetadataError: if one does.
    """
    ids = pa.chunked_array([chunk for table in tables for chunk in table["patch_id"].chunks], pa.string())
    counts = pc.value_counts(ids)
    twice = counts.filter(pc.greater(counts.field("counts"), 1))
    if not len(twice):
        return
    patch_id = min(twice.field("values").to_pylist())
    places = [
        f"{path}, row {row}"
        for path, table in zip(paths, tables, strict=True)
        for row in pc.indices_nonzero(pc.equal(table["patch_id"], patch_id)).to_pylist()
    ]
    raise MetadataError(
        f"column 'patch_id': {patch_id!r} occurs {len(places)} times: {'; '.join(places)}",
        hint="give each metadata table once",
    )


def _first(mask: pa.ChunkedArray | pa.Array) -> int:
    """Row of the first true value."""
    return int(pc.indices_nonzero(mask)[0].as_py())
