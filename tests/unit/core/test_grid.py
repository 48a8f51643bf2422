import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reben.core.errors import GridError
from reben.core.grid import TILE_SIDE_M, PatchGrid


@st.composite
def grids(draw: st.DrawFn) -> tuple[PatchGrid, int]:
    """A grid and a pixel size that divides tile and patch; patches need not fill the tile."""
    resolution_m, patch_px = draw(st.integers(1, 60)), draw(st.integers(1, 12))
    tile_px = draw(st.integers(patch_px, 60))
    return PatchGrid(tile_px * resolution_m, patch_px * resolution_m), resolution_m


@given(grids())
def test_windows_tile_the_raster_without_overlap(grid_and_resolution: tuple[PatchGrid, int]) -> None:
    grid, resolution_m = grid_and_resolution
    covered = np.zeros([grid.tile_side_m // resolution_m] * 2, int)
    for column, row in grid.indices():
        covered[grid.window(column, row, resolution_m).slices] += 1
    whole = grid.patches_per_side * grid.patch_size_m // resolution_m
    assert (covered[:whole, :whole] == 1).all()
    assert covered.sum() == whole**2


@given(grids())
def test_incomplete_last_patches_are_dropped(grid_and_resolution: tuple[PatchGrid, int]) -> None:
    grid, _ = grid_and_resolution
    assert 0 <= grid.tile_side_m - grid.patches_per_side * grid.patch_size_m < grid.patch_size_m


@given(grids(), st.integers(-(10**7), 10**7), st.integers(-(10**7), 10**7))
def test_bounds_are_the_ground_under_the_window(
    grid_and_resolution: tuple[PatchGrid, int], ulx_m: int, uly_m: int
) -> None:
    grid, resolution_m = grid_and_resolution
    for column, row in grid.indices():
        window, bounds = grid.window(column, row, resolution_m), grid.bounds(column, row, ulx_m=ulx_m, uly_m=uly_m)
        assert bounds.left_m == ulx_m + window.column_px * resolution_m
        assert bounds.top_m == uly_m - window.row_px * resolution_m
        assert bounds.right_m - bounds.left_m == bounds.top_m - bounds.bottom_m == window.side_px * resolution_m


def test_published_grid_has_91_times_91_patches() -> None:
    grid = PatchGrid()
    indices = list(grid.indices())
    assert grid.patches_per_side == 91
    assert len(set(indices)) == len(indices) == 8281
    assert indices[:2] == [(0, 0), (0, 1)]
    assert indices[-1] == (90, 90)


def test_window_is_rows_then_columns_of_an_array() -> None:
    window = PatchGrid().window(1, 2, 10)
    assert window.slices == (slice(240, 360), slice(120, 240))


@pytest.mark.parametrize(
    ("patches_per_side", "width"), [(1, 2), (10, 2), (91, 2), (100, 2), (101, 3), (1000, 3), (1001, 4)]
)
def test_index_width_is_that_of_the_largest_index(patches_per_side: int, width: int) -> None:
    assert PatchGrid(patches_per_side * 60, 60).index_width == width


@pytest.mark.parametrize(("column", "row"), [(-1, 0), (0, -1), (91, 0), (0, 91)])
def test_patch_outside_the_grid_is_refused(column: int, row: int) -> None:
    with pytest.raises(GridError, match=rf"\({column}, {row}\).*between 0 and 90"):
        PatchGrid().window(column, row, 10)
    with pytest.raises(GridError, match=rf"\({column}, {row}\).*between 0 and 90"):
        PatchGrid().bounds(column, row, ulx_m=0, uly_m=0)


@given(st.integers(-5, 2000))
def test_pixel_size_that_does_not_divide_is_refused(resolution_m: int) -> None:
    assume(resolution_m < 1 or 1200 % resolution_m or TILE_SIDE_M % resolution_m)
    with pytest.raises(GridError, match=f"pixel size {resolution_m} m.*1200 m.*109800 m"):
        PatchGrid().window(0, 0, resolution_m)


@pytest.mark.parametrize(("tile_side_m", "patch_size_m"), [(100, 101), (0, 0), (109_800, 0), (109_800, -60), (-1, 60)])
def test_patch_that_does_not_fit_is_refused(tile_side_m: int, patch_size_m: int) -> None:
    with pytest.raises(GridError, match=f"tile side {tile_side_m} m, patch size {patch_size_m} m"):
        PatchGrid(tile_side_m, patch_size_m)
