import pyarrow as pa
import pyproj
import pytest

from reben.construct.overlaps import Overlap, overlaps
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import TileName
from reben.tile.patches import Cell, TilePatches

TILE = "S2A_MSIL2A_{}T101031_N9999_R022_T{}"


def tile(
    date: str = "20170613", mgrs: str = "33UUP", *, crs: str = "EPSG:32633", x: float = 300_000, y: float = 5_400_000
) -> TilePatches:
    """4 x 4 patches with the upper left corner at (x, y)."""
    return TilePatches(TileName.parse(TILE.format(date, mgrs)), TileExtent(crs, x, y, 4_800), PatchGrid(4_800))


def rows(*tiles: TilePatches, splits: dict[tuple[str, Cell], str] | None = None) -> pa.Table:
    """All patches of the tiles, in the training set where nothing else is said (by MGRS tile and place)."""
    cells = [(patches, cell) for patches in tiles for cell in patches.grid.indices()]
    return pa.table(
        {
            "patch_id": [patches.patch_id(cell) for patches, cell in cells],
            "split": [(splits or {}).get((patches.tile.mgrs, cell), "train") for patches, cell in cells],
        }
    )


def find(*tiles: TilePatches, splits: dict[tuple[str, Cell], str] | None = None) -> list[Overlap]:
    return overlaps(rows(*tiles, splits=splits), {str(patches.tile): patches for patches in tiles})


def test_neighbours_in_one_zone():
    """The second tile begins at the last column of the first, half a patch further south."""
    one, other = tile(), tile(mgrs="33UVP", x=303_600, y=5_399_400)
    (found,) = find(other, one)
    assert found == Overlap(tiles=(str(one.tile), str(other.tile)), season="summer 2017", pairs=7, across_splits=0)


def test_pairs_across_splits_are_counted():
    splits = {("33UUP", (3, 1)): "test", ("33UVP", (0, 1)): "test", ("33UVP", (0, 3)): "validation"}
    # In the last column of the first tile, patch 1 lies on patches 0 and 1 of the other, 2 on 1 and 2, 3 on 2 and 3.
    (found,) = find(tile(), tile(mgrs="33UVP", x=303_600, y=5_399_400), splits=splits)
    assert (found.pairs, found.across_splits) == (7, 3)


def test_tiles_that_only_touch_do_not_overlap():
    assert find(tile(), tile(mgrs="33UVP", x=304_800)) == []
    assert find(tile(), tile(mgrs="33UVP", x=304_800 - 1e-4)) == []
    assert len(find(tile(), tile(mgrs="33UVP", x=304_799))) == 1


def test_one_tile_at_two_dates():
    one, other = tile(), tile("20170713")
    (found,) = find(one, other, splits={})
    assert found == Overlap(tiles=(str(one.tile), str(other.tile)), season="summer 2017", pairs=16, across_splits=0)


def test_neighbouring_zones():
    """The same ground in the projection of the next zone, where north points elsewhere."""
    x, y = pyproj.Transformer.from_crs(32633, 32632, always_xy=True).transform(300_000, 5_400_000)
    one, other = tile(), tile(mgrs="32UQU", crs="EPSG:32632", x=x, y=y)
    for found in (find(one, other), find(other, one)):
        (overlap,) = found
        assert overlap.tiles == (str(other.tile), str(one.tile))
        # Each patch lies on its counterpart, and, turned by 3.6 degrees, on its neighbours' borders.
        assert 16 <= overlap.pairs <= 16 * 5
    far = tile(mgrs="32UQV", crs="EPSG:32632", x=x + 10_000, y=y)
    assert find(one, far) == []


@pytest.mark.parametrize(
    ("mgrs", "crs", "x", "y"),
    [
        ("01UBP", "EPSG:32601", 300_000, 5_400_000),
        ("03UUP", "EPSG:32603", 300_000, 5_400_000),  # the other side of the Earth
        ("33HUD", "EPSG:32733", 300_000, 5_400_000),
        ("60GXV", "EPSG:32760", 300_000, 4_600_000),
        ("18UUP", "EPSG:32618", 300_000, 5_400_000),
        ("48UUP", "EPSG:32648", 300_000, 5_400_000),
    ],
)
def test_tiles_far_away(mgrs: str, crs: str, x: float, y: float):
    far = tile(mgrs=mgrs, crs=crs, x=x, y=y)
    assert find(tile(), far) == find(far, tile()) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("20170531", "20170601"), ("20170613", "20180613"), ("20171130", "20171201"), ("20170115", "20171215")],
)
def test_other_seasons_may_overlap(one: str, other: str):
    assert find(tile(one), tile(other)) == []


@pytest.mark.parametrize(
    ("one", "other", "season"),
    [
        ("20171201", "20180228", "winter 2018"),
        ("20180101", "20180228", "winter 2018"),
        ("20170301", "20170531", "spring 2017"),
        ("20170901", "20171130", "autumn 2017"),
    ],
)
def test_seasons(one: str, other: str, season: str):
    (found,) = find(tile(one), tile(other))
    assert (found.season, found.pairs) == (season, 16)


def test_only_patches_that_stay_count():
    one, other = tile(), tile("20170713")
    table = rows(one, other).slice(0, 17)  # one patch of the other tile
    (found,) = overlaps(table, {str(patches.tile): patches for patches in (one, other)})
    assert found.pairs == 1
    assert overlaps(table.slice(0, 16), {str(patches.tile): patches for patches in (one, other)}) == []
    assert overlaps(table.slice(0, 0), {}) == []


def test_three_tiles_are_three_pairs_sorted():
    tiles = [tile(date) for date in ("20170813", "20170613", "20170713")]
    names = sorted(str(patches.tile) for patches in tiles)
    assert [overlap.tiles for overlap in find(*tiles)] == [
        (names[0], names[1]),
        (names[0], names[2]),
        (names[1], names[2]),
    ]
