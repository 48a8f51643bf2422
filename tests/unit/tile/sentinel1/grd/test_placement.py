from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reben.core.grid import TileExtent
from reben.io.safe.grd.product import open_grd
from reben.tile.sentinel1.grd.ground import ground_at
from reben.tile.sentinel1.grd.orbit import fit_orbit
from reben.tile.sentinel1.grd.placement import Block, place_block
from stand_ins.grd import CRS, Grd, to_ecef


@pytest.mark.parametrize("drift_m", [0.0, 40.0])
def test_pixels_lie_where_the_satellite_saw_them(drift_m: float, extent: TileExtent, tmp_path: Path):
    product = replace(Grd(), drift_m=drift_m)
    geometry = open_grd(product.write(tmp_path, lambda lines, _: lines)).geometry
    block = Block(32, 64, 300, 400)
    altitudes = np.random.default_rng(1).uniform(-300, 3_000, (300, 400)).astype(np.float32)
    placed = place_block(geometry, fit_orbit(geometry.vectors, "it"), extent, block, altitudes)
    assert placed is not None
    some = np.random.default_rng(2).integers(0, 300, (2, 50))
    x, y = (axis[part] for axis, part in zip(block.centres_m(extent), some[::-1], strict=True))
    lines, pixels = product.image_place(to_ecef(x, y, altitudes[tuple(some)] + ground_at(CRS, x, y).geoid_m))
    assert np.abs(placed.first_line + placed.lines[tuple(some)] - lines).max() < 0.005
    assert np.abs(placed.first_pixel + placed.pixels[tuple(some)] - pixels).max() < 0.005


def test_unknown_altitudes_have_no_place(extent: TileExtent, flat_product: Path):
    geometry = open_grd(flat_product).geometry
    orbit, block = fit_orbit(geometry.vectors, "it"), Block(0, 0, 20, 30)
    altitudes = np.full((20, 30), 100, np.float32)
    altitudes[3, 4] = np.nan
    placed = place_block(geometry, orbit, extent, block, altitudes)
    assert placed is not None
    for values in (placed.lines, placed.pixels, placed.incidence_deg):
        assert np.argwhere(np.isnan(values)).tolist() == [[3, 4]]
    assert place_block(geometry, orbit, extent, block, np.full((20, 30), np.nan, np.float32)) is None


def test_ground_to_the_left_of_the_track_was_not_seen(extent: TileExtent, flat_product: Path):
    geometry = open_grd(flat_product).geometry
    beyond = replace(extent, ulx_m=extent.ulx_m + 1_000_000)
    altitudes = np.zeros((20, 30), np.float32)
    assert place_block(geometry, fit_orbit(geometry.vectors, "it"), beyond, Block(0, 0, 20, 30), altitudes) is None


def test_the_incidence_angle_is_that_of_the_line_of_sight(extent: TileExtent, flat_product: Path):
    geometry, product = open_grd(flat_product).geometry, Grd()
    block = Block(0, 0, 480, 480)
    placed = place_block(
        geometry, fit_orbit(geometry.vectors, "it"), extent, block, np.full((480, 480), 800, np.float32)
    )
    x, y = (np.array([axis[240]]) for axis in block.centres_m(extent))
    ground = ground_at(CRS, x, y)
    place = ground.places_m(800 + ground.geoid_m)
    times, ranges = product.see(place)
    sight = (product.satellite(times) - place) / ranges[:, None]
    expected = np.degrees(np.arccos((sight * ground.normals).sum(-1)))
    assert placed.incidence_deg[240, 240] == pytest.approx(expected[0], abs=1e-3)
