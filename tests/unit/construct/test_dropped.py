from pathlib import Path

import pyarrow as pa
import pytest

from reben.construct.dropped import unlabelled_cells
from reben.core.classes import CLC2018
from reben.core.grid import TileExtent

TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"


def test_cells_that_are_labelled_too_little(small_land_cover: Path):
    """The polygons end at 310 km east and 5,390 km north: in the middle of the ninth column and of the ninth row."""
    rows = pa.table({"patch_id": [f"{TILE}_00_00", f"{TILE}_08_00"]})
    extents = {TILE: TileExtent("EPSG:32633", 300_000, 5_400_000, 12_000)}
    found = dict(unlabelled_cells(rows, small_land_cover, CLC2018, extents, count=100))
    expected = {f"{TILE}_08_{row:02d}" for row in range(1, 9)} | {f"{TILE}_{column:02d}_08" for column in range(8)}
    assert set(found) == expected  # neither the patch that is there, nor cells without any label
    assert float((found[f"{TILE}_08_03"] >= 0).mean()) == pytest.approx(1 / 3, abs=0.02)
    assert list(found)[-1] == f"{TILE}_08_08"  # a ninth: the fewest labels come last
    assert len(unlabelled_cells(rows, small_land_cover, CLC2018, extents, count=3)) == 3
