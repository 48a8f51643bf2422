import pyarrow as pa
import pytest
from tests.unit.get.conftest import CLASSES

from reben.core.errors import MetadataError
from reben.get.condition import rows_where
from reben.get.selection import with_names


@pytest.fixture(scope="module")
def rows(made_rows: pa.Table) -> pa.Table:
    return with_names(made_rows)


def numbers(condition: str, rows: pa.Table) -> list[int]:
    return rows_where(condition, rows, CLASSES).nonzero()[0].tolist()


def expected(rows: pa.Table, fits) -> list[int]:
    return [number for number, row in enumerate(rows.to_pylist()) if fits(row)]


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ("country = 'Austria'", lambda row: row["country"] == "Austria"),
        ("country is null", lambda row: row["country"] is None),
        ("country <> 'Austria'", lambda row: row["country"] not in {None, "Austria"}),
        ("split in ('train', 'test') and season = 'winter'",
         lambda row: row["split"] != "validation" and row["season"] == "winter"),
        ("has(labels, 'Pastures')", lambda row: "Pastures" in row["labels"]),
        ("list_contains(labels, 'Pastures') and not has(labels, 'Arable land')",
         lambda row: "Pastures" in row["labels"] and "Arable land" not in row["labels"]),
        ("len(labels) = 1", lambda row: len(row["labels"]) == 1),
        ("tile = '29SNB' or contains_seasonal_snow", lambda r: r["tile"] == "29SNB" or r["contains_seasonal_snow"]),
        ("date between '2017-12-01' and '2018-02-28'", lambda row: row["date"] == "2017-12-30"),
        ("patch_id like '%\\_07\\_%' escape '\\'", lambda row: row["patch_id"].split("_")[-2] == "07"),
        ("split = 'train' -- and nothing else", lambda row: row["split"] == "train"),
        ("1", lambda _: True),
    ],
)  # fmt: skip
def test_a_condition_gives_the_rows_that_python_gives(rows: pa.Table, condition, fits):
    found = numbers(condition, rows)
    assert found == expected(rows, fits)
    assert found


@pytest.mark.parametrize(
    ("condition", "message", "hint"),
    [
        ("contry = 'Austria'", "there is no column 'contry'; there are patch_id, labels", "did you mean 'country'?"),
        ("xyzzy > 3", "there is no column 'xyzzy'", "such as"),
        ("has(labels, 'Pasture')", "no class is called 'Pasture'", "did you mean 'Pastures'?"),
        ("has(labels, 'Sand')", "no class is called 'Sand'", "expected one of Agro-forestry"),
        ("country =", "syntax error", "such as"),
        ("1; drop table patches", "syntax error", "such as"),
        ("1) UNION SELECT 99999 WHERE (1", "syntax error", "such as"),
        ("1)) UNION SELECT 99999 WHERE ((1", "syntax error", "such as"),
        ("1) LIMIT (2", "syntax error", "such as"),
        ("nosuch(labels)", "no such function: nosuch", "such as"),
        ("len(country) = 1", "user-defined function raised exception", "such as"),
        ("split = 'a\0b'", "null", "such as"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(rows: pa.Table, condition: str, message: str, hint: str):
    with pytest.raises(MetadataError, match=message.replace("(", r"\(")) as caught:
        rows_where(condition, rows, CLASSES)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "condition",
    [
        "load_extension('evil.so')",
        "(select count(*) from pragma_database_list) > 0",
        "writefile('x', 'y')",
        "(with recursive a(x) as (select 1 union all select x + 1 from a) select max(x) from a) > 0",
        "length(zeroblob(1000000000)) > 0",
        "random() % 2 = 0",
    ],
)
def test_a_condition_reaches_nothing_but_the_table(rows: pa.Table, condition: str):
    with pytest.raises(MetadataError):
        rows_where(condition, rows, CLASSES)


def test_a_condition_makes_no_long_texts(rows: pa.Table):
    assert not numbers("length(printf('%.*c', 900000000, 'x')) > 1000000", rows)


def test_a_condition_that_does_not_end_is_ended(rows: pa.Table, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("reben.get.condition._MOST_STEPS", 2)
    with pytest.raises(MetadataError, match="interrupted"):
        rows_where("(select count(*) from patches a, patches b, patches c) > 0", rows, CLASSES)
