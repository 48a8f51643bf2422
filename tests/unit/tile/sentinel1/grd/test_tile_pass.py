from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reben.core.errors import GeocodingError
from reben.core.grid import TileExtent
from reben.io.safe.grd.product import open_grd
from reben.tile.sentinel1.grd.choices import Choices
from reben.tile.sentinel1.grd.ground import ground_at
from reben.tile.sentinel1.grd.tile_pass import TilePass, passes_over
from stand_ins.grd import CRS, MIDDLE, Draw, Grd, write_dem

OnTheHills = Callable[..., np.ndarray]


def geocoded(tile_pass: TilePass, threads: int = 1) -> dict[str, np.ndarray]:
    """Both polarisations and the incidence angle, of the whole tile."""
    side = tile_pass.extent.side_m // 10
    found = {name: np.full((side, side), 7_777, np.float32) for name in ("VV", "VH", "incidence")}
    with tile_pass.blocks(threads=threads) as made:
        for part in made:
            block = part.block
            window = slice(block.row, block.row + block.rows), slice(block.column, block.column + block.columns)
            for name, values in {**part.decibels, "incidence": part.incidence_deg}.items():
                found[name][window] = values
    return found


def waves(lines: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    return 3_000 + 1_500 * np.sin(lines / 40) * np.cos(pixels / 30)


def pass_of(folder: Path, extent: TileExtent, dem: Path, *products: Grd, draw: Draw = waves) -> TilePass:
    opened = [open_grd(product.write(folder, draw)) for product in products]
    (found,) = passes_over(opened, extent, Choices(dem))
    return found


def test_targets_on_mountains_come_to_their_places(
    extent: TileExtent, dem: Path, on_the_hills: OnTheHills, tmp_path: Path
):
    random = np.random.default_rng(1)
    x, y = (middle + 300 * random.permutation(np.arange(-7, 8))[:12] + random.uniform(-5, 5, 12) for middle in MIDDLE)
    lines, pixels = Grd().image_place(on_the_hills(x, y))

    def draw(line: np.ndarray, pixel: np.ndarray) -> np.ndarray:
        image = np.full(line.shape, 100.0)
        for at_line, at_pixel in zip(lines, pixels, strict=True):
            window = slice(int(at_line) - 9, int(at_line) + 11), slice(int(at_pixel) - 9, int(at_pixel) + 11)
            distances = (line[window] - at_line) ** 2 + (pixel[window] - at_pixel) ** 2
            image[window] += 20_000 * np.exp(-distances / (2 * 1.2**2))
        return image

    amplitude = np.sqrt(10 ** (geocoded(pass_of(tmp_path, extent, dem, Grd(), draw=draw))["VV"] / 10))
    rows, columns = (extent.uly_m - y) / 10 - 0.5, (x - extent.ulx_m) / 10 - 0.5
    for row, column in zip(rows, columns, strict=True):
        near = np.mgrid[-6:7, -6:7] + np.rint([row, column]).astype(int)[:, None, None]
        weights = np.maximum(amplitude[tuple(near)] - amplitude[tuple(near)].max() / 5, 0)
        centre = (near * weights).sum((1, 2)) / weights.sum()
        assert np.abs(centre - [row, column]).max() < 0.15


def test_values_are_those_of_the_image(extent: TileExtent, dem: Path, on_the_hills: OnTheHills, tmp_path: Path):
    found = geocoded(pass_of(tmp_path, extent, dem, Grd()))
    assert np.isfinite(found["VV"]).all()
    side = 10 * np.arange(480) + 5.0
    x, y = np.meshgrid(extent.ulx_m + side, extent.uly_m - side)
    lines, pixels = Grd().image_place(on_the_hills(x, y))
    expected = 20 * np.log10(waves(lines, pixels) / Grd().factor)
    # The model's 20 m are interpolated, and so are the image's 10 m.
    assert np.abs(found["VV"] - expected).mean() < 0.02
    assert np.abs(found["VV"] - expected).max() < 0.25
    assert found["VH"] - found["VV"] == pytest.approx(20 * np.log10(0.5), abs=0.01)
    assert 33 < found["incidence"].min() < found["incidence"].max() < 37


def test_slices_of_a_pass_are_joined_without_a_seam(extent: TileExtent, dem: Path, tmp_path: Path):
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    whole = geocoded(pass_of(tmp_path / "one", extent, dem, Grd()))
    first = Grd(lines=480)
    later = first.next_slice(520)

    def draw(lines: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        return waves(lines + (480 if len(lines) == 520 else 0), pixels)

    joined = pass_of(tmp_path / "two", extent, dem, later, first, draw=draw)
    assert [part.product.scene for part in joined.slices] == [first.scene, later.scene]
    assert joined.scene == first.scene
    found = geocoded(joined)
    assert np.isfinite(found["VV"]).all()
    differs = np.abs(found["VV"] - whole["VV"])
    assert np.percentile(differs, 99) < 0.01
    assert differs.max() < 0.7  # half a pixel on either side of the seam
    np.testing.assert_allclose(found["incidence"], whole["incidence"], atol=1e-4)


def test_results_do_not_depend_on_threads(extent: TileExtent, dem: Path, tmp_path: Path):
    wide = replace(extent, side_m=7_000)
    tile_pass = pass_of(tmp_path, wide, dem, Grd())
    one, three = geocoded(tile_pass), geocoded(tile_pass, threads=3)
    for name in one:
        np.testing.assert_array_equal(one[name], three[name])


def test_other_data_takes_are_other_passes(extent: TileExtent, dem: Path, tmp_path: Path):
    first = Grd()
    later = replace(first, start=first.start.replace(day=25), take="OTHER")
    opened = [open_grd(product.write(tmp_path, waves)) for product in (later, first)]
    assert [found.scene for found in passes_over(opened, extent, Choices(dem))] == [first.scene, later.scene]


def test_a_tile_half_covered_has_values_where_there_is_an_image(extent: TileExtent, dem: Path, tmp_path: Path):
    found = geocoded(pass_of(tmp_path, extent, dem, Grd(lines=480)))
    known = np.isfinite(found["VV"])
    assert 0.2 < known.mean() < 0.8
    assert known[:50].all()
    assert not known[-50:].any()
    np.testing.assert_array_equal(known, np.isfinite(found["VH"]))


def test_products_elsewhere_are_no_passes(extent: TileExtent, dem: Path, flat_product: Path):
    away = replace(extent, uly_m=extent.uly_m - 14_000)
    beyond = replace(extent, ulx_m=extent.ulx_m + 14_000)
    for place in (away, beyond):
        assert passes_over([open_grd(flat_product)], place, Choices(dem)) == []


def test_without_altitude_there_is_no_value_or_the_sea(extent: TileExtent, flat_product: Path, tmp_path: Path):
    half = write_dem(tmp_path / "half.tif", lambda x, _: np.where(x < MIDDLE[0], 0, -9999))
    products = [open_grd(flat_product)]
    (tile_pass,) = passes_over(products, extent, Choices(half))
    known = np.isfinite(geocoded(tile_pass)["VV"])
    assert known[:, :238].all()
    assert not known[:, 242:].any()
    (tile_pass,) = passes_over(products, extent, Choices(half, sea_level=True))
    assert np.isfinite(geocoded(tile_pass)["VV"]).all()


def test_a_model_of_another_place_is_refused(extent: TileExtent, flat_product: Path, dem: Path):
    far = replace(extent, uly_m=extent.uly_m - 300_000)
    with pytest.raises(GeocodingError, match="says nothing of the tile at 300000, 5100000"):
        passes_over([open_grd(flat_product)], far, Choices(dem))
    assert passes_over([open_grd(flat_product)], far, Choices(dem, sea_level=True)) == []


def test_layover_is_masked_where_it_is_asked_for(extent: TileExtent, flat_product: Path, tmp_path: Path):
    ridge = write_dem(
        tmp_path / "ridge.tif", lambda x, _: np.maximum(900 - np.abs(x - MIDDLE[0]) * np.tan(np.radians(60)), 0)
    )
    products = [open_grd(flat_product)]
    (open_pass,), (masked,) = (
        passes_over(products, extent, Choices(ridge, mask_hidden=mask)) for mask in (False, True)
    )
    assert np.isfinite(geocoded(open_pass)["VV"]).all()
    hidden = np.isnan(geocoded(masked)["VV"])
    assert 0.3 < hidden.mean() < 0.6
    assert not hidden[:, :100].any()
    with masked.blocks(threads=1) as made:
        assert sum(part.hidden for part in made) == hidden.sum()


@pytest.mark.large
def test_heights_above_the_ellipsoid_are_taken_as_they_are(extent: TileExtent, flat_product: Path, tmp_path: Path):
    above_sea = write_dem(tmp_path / "sea.tif", lambda x, _: 500 + 0 * x)
    ellipsoidal = write_dem(tmp_path / "ell.tif", lambda x, y: 500 + ground_at(CRS, x, y).geoid_m)
    products = [open_grd(flat_product)]
    (one,) = passes_over(products, extent, Choices(above_sea))
    (other,) = passes_over(products, extent, Choices(ellipsoidal, above_ellipsoid=True))
    one, other = geocoded(one), geocoded(other)
    np.testing.assert_allclose(one["incidence"], other["incidence"], atol=1e-5)
    (sea,) = passes_over(products, extent, Choices(write_dem(tmp_path / "0.tif"), sea_level=True))
    nothing = write_dem(tmp_path / "none.tif", lambda x, _: 0 * x - 9999)
    (no_model,) = passes_over(products, extent, Choices(nothing, above_ellipsoid=True, sea_level=True))
    np.testing.assert_allclose(geocoded(no_model)["incidence"], geocoded(sea)["incidence"], atol=1e-5)
