from pathlib import Path

import numpy as np
import pytest

from reben.core.grid import TileExtent
from reben.io.elevation import find_elevation
from reben.io.safe.grd.product import open_grd
from reben.tile.sentinel1.grd.ground import ground_at
from reben.tile.sentinel1.grd.orbit import fit_orbit
from reben.tile.sentinel1.grd.placement import Block
from reben.tile.sentinel1.grd.visibility import HiddenGround, find_hidden
from stand_ins.grd import CRS, MIDDLE, Grd, to_ecef, write_dem


def ridge(x: np.ndarray, height_m: float = 900.0) -> np.ndarray:
    """A ridge from north to south, in the middle: its slopes have 60 degrees; the satellite sees it from the east."""
    return np.maximum(height_m - np.abs(x - MIDDLE[0]) * np.tan(np.radians(60)), 0)


def hidden_by(product: Path, dem: Path, extent: TileExtent) -> HiddenGround:
    geometry = open_grd(product).geometry
    return find_hidden(geometry, fit_orbit(geometry.vectors, "it"), extent, find_elevation(dem))


def by_pairs(x: np.ndarray, y: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Which places along a line from west to east are hidden: each pair of them is looked at, in exact geometry."""
    product = Grd()
    places = to_ecef(x, y, heights + ground_at(CRS, x, y).geoid_m)
    times, ranges = product.see(places)
    satellite = product.satellite(times)
    down = -satellite / np.linalg.norm(satellite, axis=-1, keepdims=True)
    steepness = ((places - satellite) / ranges[:, None] * down).sum(-1)
    nearer = x[None, :] > x[:, None]
    layover = (nearer & (ranges[None, :] >= ranges[:, None])) | (nearer.T & (ranges[None, :] <= ranges[:, None]))
    shadow = nearer & (steepness[None, :] <= steepness[:, None])
    return (layover | shadow).any(1)


def test_a_ridge_hides_what_pairs_of_places_say(extent: TileExtent, flat_product: Path, tmp_path: Path):
    dem = write_dem(tmp_path / "dem.tif", lambda x, _: ridge(x))
    hidden = hidden_by(flat_product, dem, extent).of(Block(0, 0, 480, 480))
    x, y = Block(0, 0, 480, 480).centres_m(extent)
    fine = np.arange(x[0], x[-1], 4.0)
    for row in (20, 240, 460):
        expected = np.interp(x, fine, by_pairs(fine, np.full_like(fine, y[row]), ridge(fine))) > 0.5
        assert expected.sum() > 150
        assert (hidden[row] != expected).sum() <= 6  # three edges, two pixels each


def test_flat_ground_and_gentle_hills_hide_nothing(extent: TileExtent, flat_product: Path, tmp_path: Path):
    flat = write_dem(tmp_path / "flat.tif")
    gentle = write_dem(tmp_path / "gentle.tif", lambda x, y: 500 + 100 * np.sin(x / 500) * np.cos(y / 500))
    for dem in (flat, gentle):
        assert not hidden_by(flat_product, dem, extent).of(Block(0, 0, 480, 480)).any()


def test_a_mountain_beside_the_tile_hides_ground_on_it(extent: TileExtent, flat_product: Path, tmp_path: Path):
    east = extent.ulx_m + extent.side_m + 500
    dem = write_dem(tmp_path / "dem.tif", lambda x, _: 3_000.0 * (np.abs(x - east) < 200))
    hidden = hidden_by(flat_product, dem, extent).of(Block(200, 0, 50, 480))
    assert hidden[:, 340:].all()
    assert not hidden[:, :50].any()


def test_where_altitudes_are_unknown_the_ground_is_flat(extent: TileExtent, flat_product: Path, tmp_path: Path):
    dem = write_dem(tmp_path / "dem.tif", lambda x, _: np.where(np.abs(x - MIDDLE[0]) < 300, -9999, 0))
    assert not hidden_by(flat_product, dem, extent).of(Block(0, 0, 480, 480)).any()


@pytest.mark.parametrize("rows", [1, 7])
def test_blocks_are_parts_of_one_mask(rows: int, extent: TileExtent, flat_product: Path, tmp_path: Path):
    hidden = hidden_by(flat_product, write_dem(tmp_path / "dem.tif", lambda x, _: ridge(x)), extent)
    np.testing.assert_array_equal(
        hidden.of(Block(100, 90, rows, 200)), hidden.of(Block(0, 0, 480, 480))[100 : 100 + rows, 90:290]
    )
