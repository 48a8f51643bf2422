from collections.abc import Callable
from contextlib import suppress
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reben.core.errors import NameFormatError
from reben.core.names import PatchName, ProductName, S1PatchName, TileName, V1PatchName

TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
SCENE = "S1A_IW_GRDH_1SDV_20170613T165043"

times = st.datetimes(datetime(2014, 4, 3), datetime(2099, 12, 31)).map(lambda time: time.replace(microsecond=0))  # noqa: DTZ001
indices = st.integers(0, 9999)
mgrs = st.from_regex(r"[0-9]{2}[A-Z]{3}", fullmatch=True)
tiles = st.builds(
    TileName,
    mission=st.from_regex(r"S2[A-Z]", fullmatch=True),
    level=st.sampled_from(["L1C", "L2A"]),
    sensing_time=times,
    baseline=st.from_regex(r"[0-9]{4}", fullmatch=True),
    orbit=st.integers(0, 999),
    mgrs=mgrs,
)
products = st.builds(ProductName, tiles, times, st.sampled_from([".SAFE", ""]))
patches = st.builds(PatchName, tiles, indices, indices, st.integers(4, 6))
s1_patches = st.builds(
    S1PatchName,
    st.builds(
        lambda mission, time: f"{mission}_IW_GRDH_1SDV_{time:%Y%m%dT%H%M%S}", st.sampled_from(["S1A", "S1C"]), times
    ),
    mgrs,
    indices,
    indices,
)
v1_patches = st.builds(
    V1PatchName, st.sampled_from(["S2A", "S2B"]), times.map(lambda time: f"{time:%Y%m%dT%H%M%S}"), indices, indices
)


@given(st.one_of(tiles, products, patches, s1_patches, v1_patches))
def test_every_name_parses_back_to_itself(name: TileName | ProductName | PatchName | S1PatchName | V1PatchName) -> None:
    assert type(name).parse(str(name)) == name


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (TileName.parse, TILE),
        (TileName.parse, "S2C_MSIL1C_20250613T101031_N0511_R022_T33UUP"),
        (ProductName.parse, "S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE"),
        (ProductName.parse, "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_20240101T000000"),
        (PatchName.parse, f"{TILE}_00_00"),
        (PatchName.parse, f"{TILE}_100_007"),
        (S1PatchName.parse, f"{SCENE}_33UUP_70_48"),
        (S1PatchName.parse, f"{SCENE}_33UUP_0_6"),
        (S1PatchName.parse, "S1C_IW_GRDH_1SDV_20250613T165043_33UUP_70_48"),
        (V1PatchName.parse, "S2A_MSIL2A_20170613T101031_26_57"),
        (V1PatchName.parse, "S2A_MSIL2A_20170831T95030_0_5"),
        (V1PatchName.parse, "S2B_MSIL2A_20171219T094160_5_84"),
    ],
)
def test_names_are_written_as_they_were_read(parse: Callable[[str], object], text: str) -> None:
    assert str(parse(text)) == text


def test_tile_has_the_parts_of_its_name() -> None:
    tile = TileName.parse(TILE)
    assert (tile.mission, tile.level, tile.baseline, tile.orbit, tile.mgrs) == ("S2A", "L2A", "9999", 22, "33UUP")
    assert tile.sensing_time.isoformat() == "2017-06-13T10:10:31"


def test_product_has_its_tile_and_processing_time() -> None:
    product = ProductName.parse(f"{TILE}_20240102T030405.SAFE")
    assert product.tile == TileName.parse(TILE)
    assert product.discriminator.isoformat() == "2024-01-02T03:04:05"


def test_patch_has_its_tile_column_and_row() -> None:
    patch = PatchName.parse(f"{TILE}_26_57")
    assert (patch.tile, patch.column, patch.row) == (TileName.parse(TILE), 26, 57)


def test_s1_patch_has_the_parts_of_its_name() -> None:
    patch = S1PatchName.parse(f"{SCENE}_33UUP_77_6")
    assert (patch.scene, patch.mission, patch.mgrs, patch.column, patch.row) == (SCENE, "S1A", "33UUP", 77, 6)
    assert patch.sensing_time.isoformat() == "2017-06-13T16:50:43"


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [
        ("20170613T101031", "2017-06-13T10:10:31"),
        ("20170831T95030", "2017-08-31T09:50:30"),
        ("20171219T094160", "2017-12-19T09:41:59"),
        ("20171219T94199", "2017-12-19T09:41:59"),
    ],
)
def test_v1_sensing_time_has_the_bugs_of_v1_mended(stamp: str, expected: str) -> None:
    assert V1PatchName.parse(f"S2A_MSIL2A_{stamp}_5_84").sensing_time.isoformat() == expected


def test_names_are_values() -> None:
    patch = PatchName.parse(f"{TILE}_26_57")
    assert {patch, PatchName.parse(str(patch))} == {patch}
    with pytest.raises(FrozenInstanceError):
        patch.column = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (TileName.parse, ""),
        (TileName.parse, "T33UUP"),
        (TileName.parse, TILE.lower()),
        (TileName.parse, f"{TILE}\n"),
        (TileName.parse, f" {TILE}"),
        (TileName.parse, f"{TILE}_26_57"),
        (TileName.parse, TILE.replace("S2A", "S1A")),
        (TileName.parse, TILE.replace("L2A", "L1A")),
        (TileName.parse, TILE.replace("R022", "R22")),
        (TileName.parse, TILE.replace("20170613", "20171313")),
        (TileName.parse, TILE.replace("T101031", "T101060")),
        (TileName.parse, TILE.replace("20170613", "２０１７０６１３")),  # noqa: RUF001 - digits, but not ASCII
        (ProductName.parse, TILE),
        (ProductName.parse, f"{TILE}_20240101T000000.safe"),
        (ProductName.parse, f"{TILE}_20240101T000000.SAFE/"),
        (ProductName.parse, f"{TILE}_20240230T000000.SAFE"),
        (ProductName.parse, "S2A_OPER_PRD_MSIL1C_PDMC_20160101T000000_R022_V20160101T101031_20160101T101031.SAFE"),
        (PatchName.parse, TILE),
        (PatchName.parse, f"{TILE}_26"),
        (PatchName.parse, f"{TILE}_6_7"),
        (PatchName.parse, f"{TILE}_-1_07"),
        (PatchName.parse, f"{TILE}_26_57_B02"),
        (PatchName.parse, f"{TILE}_100_07"),
        (S1PatchName.parse, f"{SCENE}_33UUP"),
        (S1PatchName.parse, f"{SCENE}_T33UUP_70_48"),
        (S1PatchName.parse, f"{SCENE}_33UUP_07_48"),
        (S1PatchName.parse, f"{SCENE.replace('T165043', 'T255043')}_33UUP_70_48"),
        (S1PatchName.parse, f"{TILE}_26_57"),
        (V1PatchName.parse, f"{TILE}_26_57"),
        (V1PatchName.parse, "S2A_MSIL2A_20170613T101031_06_57"),
        (V1PatchName.parse, "S2A_MSIL2A_20170613T1031_26_57"),
        (V1PatchName.parse, "S2A_MSIL2A_20170613T106031_26_57"),
        (V1PatchName.parse, "S2A_MSIL1C_20170613T101031_26_57"),
    ],
)
def test_malformed_name_is_refused_and_shown(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(NameFormatError) as caught:
        parse(text)
    assert repr(text) in str(caught.value)


@given(st.sampled_from([TileName, ProductName, PatchName, S1PatchName, V1PatchName]), st.text())
def test_arbitrary_text_is_no_name(
    kind: type[TileName | ProductName | PatchName | S1PatchName | V1PatchName], text: str
) -> None:
    with pytest.raises(NameFormatError):
        kind.parse(text)


@pytest.mark.parametrize(
    ("parse", "stem"), [(PatchName.parse, TILE), (S1PatchName.parse, f"{SCENE}_33UUP"), (V1PatchName.parse, TILE[:26])]
)
def test_absurdly_long_index_is_refused(parse: Callable[[str], object], stem: str) -> None:
    with pytest.raises(NameFormatError):
        parse(f"{stem}_{'1' * 5000}_{'1' * 5000}")


def test_year_below_1000_is_refused_or_written_as_it_was_read() -> None:
    text = TILE.replace("2017", "0999")
    with suppress(NameFormatError):
        assert str(TileName.parse(text)) == text


@pytest.mark.parametrize(
    "table", ["metadata_for_patches_with_snow_cloud_or_shadow", pytest.param("metadata", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(
    ("column", "kind"), [("patch_id", PatchName), ("s1_name", S1PatchName), ("s2v1_name", V1PatchName)]
)
def test_every_published_name_is_written_as_it_was_read(
    shared_data: Path, table: str, column: str, kind: type[PatchName | S1PatchName | V1PatchName]
) -> None:
    names = pq.read_table(shared_data / "published" / f"{table}.parquet", columns=[column])[column].to_pylist()
    assert len(names) > 40_000
    assert [name for name in names if str(kind.parse(name)) != name] == []


@pytest.mark.parametrize("zone", ["32633", "32636"])
def test_v1_sensing_times_are_those_of_the_published_geometries(shared_data: Path, zone: str) -> None:
    table = pq.read_table(
        shared_data / "v1_geometries" / f"bigearthnet_v1_spatial_{zone}.parquet",
        columns=["patch_name", "sensing_time"],
    )
    names, times = table["patch_name"].to_pylist(), table["sensing_time"].to_pylist()
    assert [V1PatchName.parse(name).sensing_time.replace(tzinfo=UTC) for name in names] == times
