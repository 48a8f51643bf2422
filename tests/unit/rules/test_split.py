from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reben.core.errors import SplitError
from reben.core.grid import PatchGrid
from reben.rules.split import Frames, assign_splits, frames

FINE = PatchGrid(100_000, 500)  # 200 x 200 patches
COLUMNS, ROWS = np.array(list(FINE.indices())).T


@pytest.mark.parametrize("table", ["metadata", "metadata_for_patches_with_snow_cloud_or_shadow"])
def test_every_published_assignment_is_reproduced(shared_data: Path, table: str) -> None:
    published = pq.read_table(shared_data / "published" / f"{table}.parquet", columns=["patch_id", "split"])
    ids = published["patch_id"].to_pylist()
    columns, rows = np.array([name.rsplit("_", 2)[1:] for name in ids], int).T
    grid = PatchGrid()
    found = assign_splits(columns, rows, grid, frames(grid.tile_side_m))
    assert found.tolist() == published["split"].to_pylist()


def test_frames_of_a_tile_have_the_published_widths() -> None:
    widths = frames(109_800)
    assert widths.outer_m == pytest.approx(16_079.8, abs=0.05)
    assert widths.inner_m == pytest.approx(11_370.2, abs=0.05)


@given(st.floats(0.02, 0.96), st.floats(0.02, 0.96))
def test_test_square_has_share_p_and_validation_frame_share_q(p: float, q: float) -> None:
    assume(p + q < 0.98)
    splits = assign_splits(COLUMNS, ROWS, FINE, frames(FINE.tile_side_m, p=p, q=q))
    assert np.mean(splits == "test") == pytest.approx(p, abs=0.011)  # one patch along a side of 200
    assert np.mean(splits != "train") == pytest.approx(p + q, abs=0.011)


@given(st.floats(1, 1e6), st.floats(0.01, 0.98), st.floats(0.01, 0.98))
def test_frames_grow_with_the_tile(side_m: float, p: float, q: float) -> None:
    assume(p + q < 0.99)
    small, large = frames(side_m, p=p, q=q), frames(2 * side_m, p=p, q=q)
    assert large.outer_m == pytest.approx(2 * small.outer_m)
    assert large.inner_m == pytest.approx(2 * small.inner_m)


@given(st.floats(0.05, 0.9), st.floats(0.05, 0.9))
def test_split_is_the_same_from_all_four_sides(p: float, q: float) -> None:
    assume(p + q < 0.95)
    splits = assign_splits(COLUMNS, ROWS, FINE, frames(FINE.tile_side_m, p=p, q=q)).reshape(200, 200)
    assert (splits == splits.T).all()
    assert (splits == splits[::-1]).all()


def test_a_patch_belongs_where_its_centre_lies() -> None:
    """A tile of 10 patches, frames of 2.5 and 1.5 patches: a centre on a frame's border belongs further inside."""
    grid = PatchGrid(10_000, 1000)
    columns = np.arange(10)
    found = assign_splits(columns, np.full(10, 5), grid, Frames(2500, 1500))
    assert found.tolist() == ["train"] * 2 + ["validation"] * 2 + ["test"] * 2 + ["validation"] * 2 + ["train"] * 2


def test_nearest_border_decides() -> None:
    found = assign_splits(np.array([45, 0, 45, 90]), np.array([0, 45, 90, 45]), PatchGrid(), frames(109_800))
    assert set(found.tolist()) == {"train"}


def test_no_patches_have_no_splits() -> None:
    nothing = np.array([], int)
    assert assign_splits(nothing, nothing, PatchGrid(), frames(109_800)).tolist() == []


@pytest.mark.parametrize(
    ("p", "q"), [(0, 0.25), (0.25, 0), (-0.1, 0.5), (0.5, -0.1), (0.5, 0.5), (0.9, 0.9), (float("nan"), 0.25)]
)
def test_shares_that_leave_nothing_for_a_split_are_refused(p: float, q: float) -> None:
    with pytest.raises(SplitError, match=f"p={p}, q={q}: both must be positive"):
        frames(109_800, p=p, q=q)
