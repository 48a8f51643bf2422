"""Shared ground and distances, held against loops over all pairs of patches."""

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
import shapely

from reben.compare.grounds import Grounds, grounds_of, nearest_m, overlapping
from reben.compare.leakage import Leakage, leakage
from reben.core.names import SPLIT_NAMES, PatchName, tile_of
from reben.describe.footprints import footprints_of
from reben.io.projection import project
from reben.rules.seasons import dated_season

TILES = (  # two overlapping tiles of one zone, one of the next, at other seasons, too
    "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP",
    "S2A_MSIL2A_20170813T101031_N9999_R022_T33UUP",
    "S2B_MSIL2A_20171112T101031_N9999_R022_T33UUP",
    "S2A_MSIL2A_20170614T101031_N9999_R022_T33UVP",
    "S2A_MSIL2A_20170620T101031_N9999_R022_T32UQU",
)


def cells(seed: int) -> list[str]:
    """Patches at the borders between these tiles, where they overlap."""
    random = np.random.default_rng(seed)
    ranges = {"33UUP": ((0, 3), (83, 91)), "33UVP": ((0, 8),), "32UQU": ((20, 91),)}
    found = set()
    for tile in TILES:
        for low, high in ranges[tile[-5:]]:
            for _ in range(60):
                found.add(f"{tile}_{random.integers(low, high):02d}_{random.integers(0, 91):02d}")
    return sorted(found)


def slow_leakage(ids: list[str], splits: list[str]) -> dict[str, list[int]]:
    """Pairs, pairs across splits, and pairs of training and test patches, by relation."""
    footprints = footprints_of(pa.array(ids))
    squares = project(footprints.polygons(), "EPSG:4326", "EPSG:32633")
    seasons = [dated_season(PatchName.parse(name).tile.sensing_time) for name in ids]
    same = {name: [0, 0, 0] for name in ("same_season", "other_season", "tiles_same_season", "tiles_other_season")}
    for i, j in combinations(range(len(ids)), 2):
        if ids[i].split("_T")[1] == ids[j].split("_T")[1]:
            relation = ""
        elif (
            tile_of(ids[i])[-5:] != tile_of(ids[j])[-5:]
            and shapely.area(shapely.intersection(squares[i], squares[j])) > 3_000
        ):  # corners that were projected twice are not exact
            relation = "tiles_"
        else:
            continue
        counts = same[f"{relation}{'same' if seasons[i] == seasons[j] else 'other'}_season"]
        counts[0] += 1
        counts[1] += splits[i] != splits[j]
        counts[2] += {splits[i], splits[j]} == {"train", "test"}
    return same


def made(ids: list[str], splits: list[str]) -> tuple[Grounds, Leakage]:
    grounds = grounds_of(pa.array(ids), footprints_of(pa.array(ids)))
    numbers = np.array([SPLIT_NAMES.index(split) for split in splits])
    return grounds, leakage("here", grounds, numbers)


@pytest.mark.parametrize("seed", range(3))
def test_pairs_are_those_of_a_loop(seed: int):
    ids = cells(seed)
    splits = np.random.default_rng(seed).choice(SPLIT_NAMES, len(ids)).tolist()
    _, found = made(ids, splits)
    expected = slow_leakage(ids, splits)
    for relation in ("same_season", "other_season"):
        shared = getattr(found, relation)
        assert [shared.pairs, shared.across_splits, shared.train_test] == expected[relation]
    for relation in ("tiles_same_season", "tiles_other_season"):
        shared = getattr(found, relation)
        assert shared.pairs > 3
        assert shared.pairs == pytest.approx(expected[relation][0], abs=2)
        assert shared.across_splits == pytest.approx(expected[relation][1], abs=2)
    assert found.patches == {name: splits.count(name) for name in SPLIT_NAMES}


def test_test_patches_on_training_ground_are_counted_once():
    ids = [f"{tile}_10_10" for tile in TILES[:3]] + [f"{TILES[0]}_40_40"]
    _, found = made(ids, ["test", "train", "train", "test"])
    assert (found.same_season.pairs, found.same_season.train_test, found.same_season.test_patches) == (1, 1, 1)
    assert (found.other_season.pairs, found.other_season.train_test, found.other_season.test_patches) == (2, 1, 1)
    assert found.test_patches_on_training_ground == 1
    _, found = made(ids, ["train", "train", "train", "test"])
    assert found.test_patches_on_training_ground == 0


def test_patches_without_a_split_do_not_count():
    ids = [f"{tile}_10_10" for tile in TILES[:3]]
    grounds = grounds_of(pa.array(ids), footprints_of(pa.array(ids)))
    found = leakage("here", grounds, np.array([2, -1, 0]))
    assert found.same_season.pairs == 0
    assert found.other_season.train_test == 1
    assert found.patches == {"train": 1, "validation": 0, "test": 1}


def test_distances_are_from_edge_to_edge():
    ids = [f"{TILES[0]}_10_10", f"{TILES[0]}_13_14", f"{TILES[0]}_11_10", f"{TILES[0]}_50_50"]
    _, found = made(ids, ["test", "train", "validation", "validation"])
    assert found.distances["test to train"].median_m == pytest.approx(np.hypot(2 * 1200, 3 * 1200), abs=0.1)
    assert found.distances["test to train"].touching == 0
    assert found.distances["test to validation"].touching == 1
    assert found.distances["test to validation"].smallest_m == 0


def test_zones_of_utm_are_crossed():
    """The western border of 33UUP lies in the east of zone 32."""
    ids = [f"{TILES[0]}_00_{row:02d}" for row in range(30, 40)]
    ids += [f"{TILES[4]}_{column:02d}_{row:02d}" for column in range(30, 45) for row in range(30, 60)]
    grounds = grounds_of(pa.array(ids), footprints_of(pa.array(ids)))
    assert len(grounds.systems) == 2
    pairs = overlapping(grounds)
    assert any(grounds.system[one] != grounds.system[other] for one, other in pairs.T)
    source = grounds.system == 0
    metres = nearest_m(grounds, source, ~source)
    assert np.isfinite(metres).all()
    assert metres.min() == 0


def test_a_split_without_patches_has_no_distances():
    _, found = made([f"{TILES[0]}_10_10"], ["train"])
    assert found.distances == {}
    assert found.test_patches_on_training_ground == 0
