from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.core.errors import MetadataError
from reben.io.dataset.metadata import SCHEMA, read_metadata
from reben.verify.findings import MOST_SHOWN
from reben.verify.published import verify_published

TABLES = ("metadata.parquet", "metadata_for_patches_with_snow_cloud_or_shadow.parquet")


def differences(*paths: Path, **options: Path) -> dict[str, int]:
    counts: dict[str, int] = {}
    for check in verify_published(paths, **options):
        counts[check.rule] = counts.get(check.rule, 0) + check.differences
    return {rule: count for rule, count in counts.items() if count}


def test_the_published_tables_follow_the_rules(shared_data: Path):
    paths = [shared_data / "published" / name for name in TABLES]
    checks = verify_published(paths, v1_geometries=shared_data / "v1_geometries")
    assert not [check for check in checks if check.differences]
    split = [check for check in checks if "split" in check.rule]
    assert sum(check.checked for check in split) == 257_902
    country = [check for check in checks if "country" in check.rule]
    assert sum(check.checked for check in country) == 21_298


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("split", "test", "the split"),
        ("s1_name", "S1A_IW_GRDH_1SDV_20170613T165043_33UUP_1_1", "names"),
        ("s1_name", "S1B_IW_GRDH_1SDV_20170612T165809_33UUQ_37_88", "names"),
        ("s2v1_name", "S2B_MSIL2A_20170613T101031_37_88", "names"),
        ("s2v1_name", "S2A_MSIL2A_20170613T101031_37_088", "names"),
        ("labels", ["Pastures", "Arable land"], "labels"),
        ("country", "Finland", "the country"),
    ],
)
def test_each_difference_is_found_and_named(shared_data: Path, tmp_path: Path, column: str, value: object, rule: str):
    rows = read_metadata(shared_data / "patches" / "metadata.parquet").to_pylist()
    number = next(i for i, row in enumerate(rows) if row["patch_id"].endswith("37_88"))
    rows[number][column] = value
    path = tmp_path / "metadata.parquet"
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
    (found,) = (
        check for check in verify_published([path], v1_geometries=shared_data / "v1_geometries") if check.differences
    )
    assert found.rule.startswith(rule)
    assert found.differences == 1
    assert found.findings[0].where == f"{path}, row {number}"


def test_rows_out_of_order(shared_data: Path, tmp_path: Path):
    table = read_metadata(shared_data / "patches" / "metadata.parquet")
    path = tmp_path / "metadata.parquet"
    pq.write_table(table.take(list(range(table.num_rows))[::-1]), path)
    assert differences(path) == {"rows are sorted by patch id": table.num_rows - 1}


def test_many_differences_are_counted_and_the_first_are_named(shared_data: Path, tmp_path: Path):
    table = read_metadata(shared_data / "published" / TABLES[1])
    path = tmp_path / "metadata.parquet"
    train = pa.array(["train"] * table.num_rows)
    pq.write_table(table.set_column(2, "split", train), path)
    (found,) = (check for check in verify_published([path]) if check.differences)
    assert found.differences > 10_000
    assert len(found.findings) == MOST_SHOWN == len(found.as_dict()["findings"])


def test_null_names_are_not_held_against_the_rules(shared_data: Path, tmp_path: Path):
    rows = read_metadata(shared_data / "patches" / "metadata.parquet").to_pylist()
    for row in rows:
        row["s1_name"] = row["s2v1_name"] = row["country"] = None
    path = tmp_path / "metadata.parquet"
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path)
    assert not differences(path, v1_geometries=shared_data / "v1_geometries")


def test_a_patch_in_two_tables_is_an_error(shared_data: Path):
    path = shared_data / "patches" / "metadata.parquet"
    with pytest.raises(MetadataError, match="occurs 2 times"):
        verify_published([path, path])
