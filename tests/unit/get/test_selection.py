from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.get.conftest import CLASSES, COUNTRIES

from reben.core.errors import MetadataError
from reben.get.options import GetOptions
from reben.get.selection import selected, with_names
from reben.io.dataset.metadata import read_metadata


def ids(rows: pa.Table) -> list[str]:
    return rows["patch_id"].to_pylist()


def some_of(values):
    return st.lists(st.sampled_from(values), unique=True, max_size=2).map(tuple)


@given(
    split=some_of(("train", "validation", "test")),
    country=some_of(COUNTRIES[:3]),
    label=some_of(CLASSES),
    season=some_of(("winter", "spring", "summer")),
    tile=some_of(("33UUP", "29SNB", "T33UUP")),
    snow_and_cloud=st.booleans(),
)
def test_filters_give_the_rows_that_pandas_gives(made_rows: pa.Table, **options):
    frame = with_names(made_rows).to_pandas()
    fits = frame["patch_id"].notna()
    if not options["snow_and_cloud"]:
        fits &= ~(frame["contains_seasonal_snow"] | frame["contains_cloud_or_shadow"])
    for column in ("split", "country", "season"):
        if options[column]:
            fits &= frame[column].isin(options[column])
    if options["tile"]:
        fits &= frame["tile"].isin([name.removeprefix("T") for name in options["tile"]])
    if options["label"]:
        fits &= frame["labels"].map(lambda labels: bool(set(labels) & set(options["label"])))
    expected = frame["patch_id"][fits].tolist()
    if expected:
        assert ids(selected(made_rows, GetOptions(**options))) == expected
    else:
        with pytest.raises(MetadataError, match="no patch fits all filters"):
            selected(made_rows, GetOptions(**options))


def test_a_list_of_patches_and_filters_together(made_rows: pa.Table, tmp_path: Path):
    names = made_rows["patch_id"].to_pylist()
    path = tmp_path / "patches.txt"
    path.write_text("\n".join(names[::3]))
    found = selected(made_rows, GetOptions(patches=path, split=("train",), snow_and_cloud=True)).to_pylist()
    splits = dict(zip(names, made_rows["split"].to_pylist(), strict=True))
    assert [row["patch_id"] for row in found] == [name for name in names[::3] if splits[name] == "train"]


def test_the_rows_are_those_of_the_tables(made_rows: pa.Table):
    found = selected(made_rows, GetOptions(snow_and_cloud=True))
    assert found.equals(made_rows)


def test_a_condition_and_filters_together(made_rows: pa.Table):
    options = GetOptions(where="season = 'summer'", country=("Austria",), label=("Pastures",), snow_and_cloud=True)
    found = with_names(selected(made_rows, options)).to_pylist()
    assert found
    assert all(
        row["season"] == "summer" and row["country"] == "Austria" and "Pastures" in row["labels"] for row in found
    )


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"country": ("Austira",)}, "no patch has country 'Austira'", "did you mean 'Austria'?"),
        ({"label": ("Meadow",)}, "no patch has label 'Meadow'", "expected one of"),
        ({"tile": ("33UUQ",)}, "no patch has tile '33UUQ'", "did you mean '33UUP'?"),
        ({"season": ("autumn",)}, "no patch has season 'autumn'", "expected one of"),
        ({"where": "0"}, "no patch fits all filters", "--snow-and-cloud"),
    ],
)
def test_a_filter_that_fits_nothing(made_rows: pa.Table, options, message: str, hint: str):
    with pytest.raises(MetadataError, match=message) as caught:
        selected(made_rows, GetOptions(**options))
    assert hint in caught.value.hint


@given(number=st.integers(1, 80), seed=st.integers(0, 5))
def test_each_class_gets_its_number_or_all_it_has(made_rows: pa.Table, number: int, seed: int):
    there = Counter(name for row in selected(made_rows, GetOptions())["labels"].to_pylist() for name in row)
    found = selected(made_rows, GetOptions(per_class=number, seed=seed))
    counts = Counter(name for row in found["labels"].to_pylist() for name in row)
    assert all(counts[name] >= min(number, there[name]) for name in there)
    assert found.num_rows <= number * len(there)


@pytest.mark.parametrize("name", ["limit", "per_class"])
@pytest.mark.parametrize("stratify", [False, True])
def test_more_of_the_same_seed_contains_less(made_rows: pa.Table, name: str, stratify: bool):
    found = [
        set(ids(selected(made_rows, GetOptions(stratify=stratify, seed=3, **{name: number}))))
        for number in (1, 7, 50, 51, 400)
    ]
    assert all(less < more for less, more in pairwise(found))


def test_a_draw_depends_on_the_seed_and_not_on_the_order_of_the_rows(
    made_rows: pa.Table, shuffled: Callable[[], pa.Table]
):
    for options in ({"limit": 40}, {"limit": 40, "stratify": True}, {"per_class": 3}):
        first = set(ids(selected(made_rows, GetOptions(**options))))
        assert set(ids(selected(shuffled(), GetOptions(**options)))) == first
        assert set(ids(selected(made_rows, GetOptions(seed=1, **options)))) != first


def test_a_limit_beyond_all_takes_all(made_rows: pa.Table):
    everything = ids(selected(made_rows, GetOptions()))
    assert len(ids(selected(made_rows, GetOptions(limit=5)))) == 5
    assert ids(selected(made_rows, GetOptions(limit=10**6))) == everything
    assert ids(selected(made_rows, GetOptions(limit=10**6, stratify=True))) == everything


@pytest.mark.parametrize("number", [10, 97, 300])
def test_strata_get_their_share(made_rows: pa.Table, number: int):
    rows = with_names(selected(made_rows, GetOptions()))
    sizes = Counter(zip(rows["country"].to_pylist(), rows["season"].to_pylist(), strict=True))
    drawn = with_names(selected(made_rows, GetOptions(limit=number, stratify=True)))
    counts = Counter(zip(drawn["country"].to_pylist(), drawn["season"].to_pylist(), strict=True))
    for stratum, size in sizes.items():
        assert abs(counts[stratum] - number * size / rows.num_rows) <= 1


@pytest.mark.large
def test_the_published_tables(shared_data: Path):
    folder = shared_data / "published"
    rows = read_metadata(sorted(folder.glob("*.parquet")))
    found = selected(rows, GetOptions(country=("Lithuania",), season=("summer",), per_class=20))
    assert 0 < found.num_rows < 19 * 20
    assert set(found["country"].to_pylist()) == {"Lithuania"}
    assert not any(found["contains_seasonal_snow"].to_pylist())


def test_patches_with_other_names(made_rows: pa.Table):
    other = made_rows.set_column(0, "patch_id", [[f"odd_{number}" for number in range(made_rows.num_rows)]])
    with pytest.raises(MetadataError, match="not called as reBEN's are: 'odd_0' is not a tile id"):
        selected(other, GetOptions())
