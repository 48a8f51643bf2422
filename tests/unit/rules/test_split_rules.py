"""Other ways to divide patches, and what each of them promises."""

import numpy as np
import pyarrow as pa
import pytest

from reben.compare.grounds import grounds_of
from reben.compare.leakage import leakage
from reben.core.errors import SplitError
from reben.core.grid import PatchGrid
from reben.core.mgrs import tile_extent
from reben.core.names import SPLIT_NAMES
from reben.describe.footprints import footprints_of
from reben.rules.split import assign_splits, frames
from reben.rules.split_rules import ON_BORDER, REBEN_SPLIT, SplitRule, splits_in_tile, splits_of_groups

TILES = ("33UUP", "33UVP", "32UQU")  # they overlap, across two zones of UTM
GRID = PatchGrid()


def of_tile(rule: SplitRule, mgrs: str) -> tuple[list[str], np.ndarray]:
    """Patch ids and splits of all patches of a tile."""
    columns, rows = np.array(list(GRID.indices())).T
    names = [
        f"S2A_MSIL2A_20170613T101031_N9999_R022_T{mgrs}_{c:02d}_{r:02d}" for c, r in zip(columns, rows, strict=True)
    ]
    return names, splits_in_tile(rule, columns, rows, GRID, tile_extent(mgrs))


def test_the_rule_of_the_paper_is_the_default():
    columns, rows = np.array(list(GRID.indices())).T
    expected = assign_splits(columns, rows, GRID, frames(GRID.tile_side_m))
    np.testing.assert_array_equal(of_tile(REBEN_SPLIT, "33UUP")[1], expected)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_no_ground_is_in_two_splits_of_blocks(seed: int):
    rule = SplitRule("blocks", p=0.3, q=0.2, block_km=20, seed=seed)
    names, splits = zip(*(of_tile(rule, mgrs) for mgrs in TILES), strict=True)
    ids, split_of = [name for part in names for name in part], np.concatenate(splits)
    inside = split_of != ON_BORDER
    assert 0.8 < inside.mean() < 1  # patches across the border of two splits are left out
    kept = pa.array(ids).filter(pa.array(inside))
    numbers = np.array([SPLIT_NAMES.index(split) for split in split_of[inside]])
    found = leakage("blocks", grounds_of(kept, footprints_of(kept)), numbers)
    assert found.tiles_same_season.pairs > 100
    assert found.tiles_same_season.across_splits == found.tiles_same_season.train_test == 0
    assert found.test_patches_on_training_ground == 0
    assert all(count > 0 for count in found.patches.values())


def test_blocks_follow_from_place_and_seed_alone():
    one, other = SplitRule("blocks", seed=1), SplitRule("blocks", seed=2)
    np.testing.assert_array_equal(of_tile(one, "33UUP")[1], of_tile(one, "33UUP")[1])
    assert (of_tile(one, "33UUP")[1] != of_tile(other, "33UUP")[1]).any()


def test_shares_of_blocks_are_met_over_large_areas():
    rule = SplitRule("blocks", p=0.25, q=0.15, block_km=5)
    splits = np.concatenate([of_tile(rule, mgrs)[1] for mgrs in ("33UUP", "35VPK", "29UPU", "21JYM")])
    inside = splits[splits != ON_BORDER]
    assert (inside == "test").mean() == pytest.approx(0.25, abs=0.04)
    assert (inside == "validation").mean() == pytest.approx(0.15, abs=0.04)


def test_countries_stay_whole():
    countries = ["Austria"] * 50 + ["Serbia"] * 30 + ["Finland"] * 15 + ["Kosovo"] * 5
    for seed in range(5):
        splits = splits_of_groups(SplitRule("country", seed=seed), countries)
        assert len({*zip(countries, splits, strict=True)}) == 4
        assert set(splits) == set(SPLIT_NAMES)
    different = {tuple(splits_of_groups(SplitRule("country", seed=seed), countries)) for seed in range(5)}
    assert len(different) > 1


def test_the_last_years_are_for_testing():
    years = [2018] * 40 + [2019] * 20 + [2020] * 20 + [2021] * 20
    splits = splits_of_groups(SplitRule("year", p=0.2, q=0.2), years)
    assert dict(zip(years, splits, strict=True)) == {
        2018: "train", 2019: "train", 2020: "validation", 2021: "test",
    }  # fmt: skip


@pytest.mark.parametrize("by", ["country", "year"])
def test_each_split_gets_a_group_however_uneven_they_are(by: str):
    for groups in (["a"] * 98 + ["b", "c"], ["a", "b", "c"], ["a", "b"] + ["c"] * 98, ["a", "b", "c", "d"]):
        splits = splits_of_groups(SplitRule(by, p=0.45, q=0.45), groups)  # type: ignore[arg-type]
        assert set(splits) == set(SPLIT_NAMES)


def test_what_cannot_be_divided():
    with pytest.raises(SplitError, match="needs at least 3 of them; there is Austria, Serbia"):
        splits_of_groups(SplitRule("country"), ["Austria", "Serbia"])
    with pytest.raises(SplitError, match="p \\+ q below 1"):
        of_tile(SplitRule("blocks", p=0.5, q=0.5), "33UUP")
    with pytest.raises(SplitError, match="all patches together"):
        of_tile(SplitRule("year"), "33UUP")
