from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from reben.core.classes import LandCover, Legend
from reben.core.errors import MetadataError
from reben.io.dataset.metadata import REQUIRED_COLUMNS, SCHEMA, flagged, read_metadata, write_metadata

PUBLISHED = ("metadata.parquet", "metadata_for_patches_with_snow_cloud_or_shadow.parquet")

Row = dict[str, Any]


def row(patch_id: str = "P_00_00", **changes: Any) -> Row:
    return {
        "patch_id": patch_id,
        "labels": ["Arable land", "Pastures"],
        "split": "train",
        "country": "Austria",
        "s1_name": None,
        "s2v1_name": None,
        "contains_seasonal_snow": False,
        "contains_cloud_or_shadow": True,
    } | changes


def table(*rows: Row) -> pa.Table:
    return pa.Table.from_pylist(list(rows), pa.schema([field.with_nullable(True) for field in SCHEMA]))


def with_column(name: str, values: pa.Array) -> pa.Table:
    return table(row()).set_column(SCHEMA.get_field_index(name), name, values)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.parquet"


# Reading


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("folder", ["published", "patches"])
def test_published_tables_are_read(shared_data: Path, folder: str, name: str) -> None:
    path = shared_data / folder / name
    found = read_metadata(path)
    assert found.schema == SCHEMA
    assert found.num_rows == pq.read_metadata(path).num_rows > 0
    assert found["patch_id"].to_pylist() == pq.read_table(path, columns=["patch_id"])["patch_id"].to_pylist()


def test_several_tables_are_joined_in_the_order_of_the_files(shared_data: Path) -> None:
    paths = [shared_data / "patches" / name for name in PUBLISHED]
    ids = [read_metadata(path)["patch_id"].to_pylist() for path in paths]
    assert read_metadata(paths)["patch_id"].to_pylist() == ids[0] + ids[1]
    assert read_metadata(paths[::-1])["patch_id"].to_pylist() == ids[1] + ids[0]


def test_other_columns_and_another_order_do_not_disturb(path: Path) -> None:
    original = table(row())
    pq.write_table(original.select(SCHEMA.names[::-1]).append_column("extra", pa.array([1])), path)
    assert read_metadata(path).to_pylist() == original.to_pylist()


def test_table_without_rows_is_read(path: Path) -> None:
    pq.write_table(table(), path)
    assert read_metadata(path).num_rows == 0


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("split", pa.array(["train"], pa.large_string())),
        ("split", pa.array(["train"]).dictionary_encode()),
        ("labels", pa.array([["Pastures"]], pa.large_list(pa.large_string()))),
        ("labels", pa.array([["Pastures"]], pa.list_(pa.dictionary(pa.int32(), pa.string())))),
        ("country", pa.nulls(1)),
        ("s2v1_name", pa.nulls(1, pa.string())),
    ],
    ids=["large text", "dictionary", "large lists", "lists of dictionary", "nulls without a type", "nulls"],
)
def test_encodings_of_other_writers_are_read(path: Path, name: str, values: pa.Array) -> None:
    pq.write_table(with_column(name, values), path)
    found = read_metadata(path)
    assert found.schema == SCHEMA
    assert found[name].to_pylist() == values.to_pylist()


def test_labels_of_another_legend_are_read_with_it(path: Path) -> None:
    legend = Legend("crops", (LandCover(1, "wheat", (0, 0, 0), "grain"),))
    pq.write_table(table(row(labels=["grain"])), path)
    assert read_metadata(path, legend=legend)["labels"].to_pylist() == [["grain"]]
    with pytest.raises(MetadataError, match="'grain' is not a class of CLC2018"):
        read_metadata(path)


# What is wrong with a file


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 no table PAR1", b"a,b\n1,2\n"])
def test_file_that_is_no_parquet_is_named_with_a_hint(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(MetadataError, match=f"{path}: cannot be read as a Parquet table") as caught:
        read_metadata(path)
    assert "metadata.parquet" in caught.value.hint


def test_truncated_file_is_named(path: Path, shared_data: Path) -> None:
    whole = (shared_data / "patches" / PUBLISHED[0]).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MetadataError, match=f"{path}: cannot be read"):
        read_metadata(path)


def test_missing_file_is_named(path: Path) -> None:
    with pytest.raises(MetadataError, match=f"{path} does not exist"):
        read_metadata(path)


def test_no_file_at_all_is_refused() -> None:
    with pytest.raises(MetadataError, match="no metadata table given"):
        read_metadata([])


@pytest.mark.parametrize("name", REQUIRED_COLUMNS)
def test_missing_column_is_named_with_those_there_are(path: Path, name: str) -> None:
    pq.write_table(table(row()).drop_columns([name]), path)
    with pytest.raises(MetadataError, match=f"{path}: column '{name}' is missing") as caught:
        read_metadata(path)
    assert f"found: {', '.join(other for other in SCHEMA.names if other != name)}" in str(caught.value)


def test_tables_of_other_data_sets_need_id_labels_and_split_only(path: Path) -> None:
    full = read_written(path, table(row("a"), row("b")))
    few = read_written(path, table(row("a"), row("b")).select(list(REQUIRED_COLUMNS)))
    assert few.schema == full.schema
    assert few.select(list(REQUIRED_COLUMNS)) == full.select(list(REQUIRED_COLUMNS))
    assert few["country"].null_count == few["s1_name"].null_count == few["s2v1_name"].null_count == 2
    assert few["contains_seasonal_snow"].to_pylist() == few["contains_cloud_or_shadow"].to_pylist() == [None, None]
    assert not pc.any(flagged(few)).as_py()


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_one_label_per_patch_may_be_plain_text(path: Path, kind: pa.DataType) -> None:
    labels = ["Pastures", "Arable land"]
    written = table(row("a"), row("b"))
    at = written.schema.get_field_index("labels")
    found = read_written(path, written.set_column(at, "labels", pa.array(labels).cast(kind)))
    assert found["labels"].to_pylist() == [["Pastures"], ["Arable land"]]


def test_an_empty_text_label_is_named(path: Path) -> None:
    written = table(row("a"), row("b"))
    at = written.schema.get_field_index("labels")
    pq.write_table(written.set_column(at, "labels", pa.array(["Pastures", None])), path)
    with pytest.raises(MetadataError, match="column 'labels', row 1: has no label"):
        read_metadata(path)


def read_written(path: Path, written: pa.Table) -> pa.Table:
    pq.write_table(written, path)
    return read_metadata(path)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("patch_id", pa.array([7]), "int64; expected string"),
        ("labels", pa.array([[211]]), r"list<.*int64>; expected list<\w+: string>"),
        ("labels", pa.nulls(1), r"null; expected list<\w+: string>"),
        ("split", pa.array([0]), "int64; expected string"),
        ("country", pa.array([[1.5]]), r"list<.*double>; expected string"),
        ("contains_seasonal_snow", pa.array(["no"]), "string; expected bool"),
        ("contains_cloud_or_shadow", pa.array([0]), "int64; expected bool"),
    ],
)
def test_wrong_type_is_named(path: Path, name: str, values: pa.Array, expected: str) -> None:
    pq.write_table(with_column(name, values), path)
    with pytest.raises(MetadataError, match=f"{path}, column '{name}': has type {expected}"):
        read_metadata(path)


@pytest.mark.parametrize("name", [field.name for field in SCHEMA if not field.nullable])
def test_null_is_named_with_its_row(path: Path, name: str) -> None:
    pq.write_table(table(row("a"), row("b"), row("c") | {name: None}, row("d") | {name: None}), path)
    with pytest.raises(MetadataError, match=f"{path}, column '{name}', row 2: is empty"):
        read_metadata(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": "val"}, "column 'split', row 1: 'val' is not one of train, validation, test"),
        ({"split": ""}, "column 'split', row 1: '' is not one of"),
        ({"labels": []}, "column 'labels', row 1: has no label"),
        ({"labels": ["Pastures", "Tundra"]}, "column 'labels', row 1: 'Tundra' is not a class of CLC2018"),
        ({"labels": ["Pastures", None]}, "column 'labels', row 1: None is not a class of CLC2018"),
        ({"labels": ["pastures"]}, "column 'labels', row 1: 'pastures' is not a class"),
        ({"labels": ["Pastures", "Arable land", "Pastures"]}, "column 'labels', row 1: 'Pastures' is given twice"),
    ],
)
def test_wrong_value_is_named_with_its_row(path: Path, changes: Row, message: str) -> None:
    pq.write_table(table(row("a"), row("b", **changes), row("c"), row("d", **changes)), path)
    with pytest.raises(MetadataError, match=f"{path}, {message}"):
        read_metadata(path)


def test_rows_are_counted_through_all_row_groups(path: Path) -> None:
    rows = [row(f"P{i}") for i in range(9)] + [row("last", split="other")]
    pq.write_table(table(*rows), path, row_group_size=4)
    with pytest.raises(MetadataError, match="column 'split', row 9: 'other'"):
        read_metadata(path)


def test_unknown_class_hints_at_the_classes(path: Path) -> None:
    pq.write_table(table(row(labels=["Tundra"])), path)
    with pytest.raises(MetadataError, match="'Tundra'") as caught:
        read_metadata(path)
    assert "Agro-forestry areas; Arable land" in caught.value.hint


def test_patch_given_twice_is_named_with_both_rows(path: Path) -> None:
    pq.write_table(table(row("a"), row("b"), row("c"), row("b")), path)
    with pytest.raises(MetadataError, match=f"'b' occurs 2 times: {path}, row 1; {path}, row 3") as caught:
        read_metadata(path)
    assert "once" in caught.value.hint


def test_patch_given_in_two_tables_is_named_with_both(tmp_path: Path) -> None:
    first, second = tmp_path / "first.parquet", tmp_path / "second.parquet"
    pq.write_table(table(row("a"), row("b")), first)
    pq.write_table(table(row("b"), row("c")), second)
    with pytest.raises(MetadataError, match=f"'b' occurs 2 times: {first}, row 1; {second}, row 0"):
        read_metadata([first, second])


# Writing


def test_written_table_is_sorted_and_read_back(path: Path) -> None:
    rows = [row("c"), row("a", split="test", s1_name="S1"), row("b", labels=["Pastures"], country=None)]
    write_metadata(path, table(*rows))
    assert read_metadata(path).to_pylist() == [rows[1], rows[2], rows[0]]


def test_published_table_is_written_as_it_was(shared_data: Path, path: Path) -> None:
    original = read_metadata(shared_data / "published" / PUBLISHED[1])
    write_metadata(path, original)
    assert read_metadata(path).equals(original.sort_by("patch_id"))


def test_written_table_is_compressed_and_grouped_as_published(path: Path) -> None:
    count = 122_880 + 1
    flags = pa.array([False] * count)
    ids = pa.array([f"{i:06}" for i in range(count)])
    texts = pa.array(["train"] * count)
    labels = pa.array([["Pastures"]] * count)
    write_metadata(path, pa.table([ids, labels, texts, texts, ids, ids, flags, flags], SCHEMA.names))
    written = pq.read_metadata(path)
    groups = [written.row_group(i) for i in range(written.num_row_groups)]
    assert [group.num_rows for group in groups] == [122_880, 1]
    assert {group.column(i).compression for group in groups for i in range(group.num_columns)} == {"ZSTD"}


def test_other_columns_are_not_written(path: Path) -> None:
    write_metadata(path, table(row()).append_column("extra", pa.array([1])))
    assert pq.read_schema(path).names == SCHEMA.names


def test_written_table_replaces_the_old_one_and_leaves_nothing_else(path: Path) -> None:
    write_metadata(path, table(row("old")))
    write_metadata(path, table(row("new")))
    assert read_metadata(path)["patch_id"].to_pylist() == ["new"]
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "rows", [table(row()).drop_columns(["split"]), table(row(split=None)), with_column("split", pa.array([[1]]))]
)
def test_table_that_does_not_fit_is_refused(path: Path, rows: pa.Table) -> None:
    with pytest.raises(MetadataError, match="'split'"):
        write_metadata(path, rows)
    assert not path.exists()


def test_paths_may_be_strings_and_must_be_files(path: Path) -> None:
    write_metadata(path, table(row("a")))
    assert read_metadata(str(path)).num_rows == 1
    with pytest.raises(MetadataError, match="is a folder"):
        read_metadata(path.parent)
    with pytest.raises(MetadataError, match="does not exist"):
        read_metadata(path.with_name("nowhere.parquet"))
