from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from reben.core.bands import BANDS, S2_BANDS
from reben.core.errors import GridError, ProductError
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import ProductName, TileName
from reben.io.l2a_product import L2aProduct
from reben.io.safe.l2a import open_product
from reben.tile.bands import TileBands, add_offset, join_bands, read_bands, valid_patches

EXTENT = TileExtent("EPSG:32633", 300_000, 5_400_000, 6_000)
NAME = ProductName(
    TileName.parse("S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"),
    datetime(2024, 1, 1),  # noqa: DTZ001 - names carry UTC
)


def write_jp2(path: Path, pixels: np.ndarray, resolution: int, **changes: object) -> None:
    profile = {
        "driver": "JP2OpenJPEG",
        "width": pixels.shape[1],
        "height": pixels.shape[0],
        "count": 1,
        "dtype": pixels.dtype,
        "crs": EXTENT.crs,
        "transform": from_origin(EXTENT.ulx_m, EXTENT.uly_m, resolution, resolution),
        "QUALITY": 100,
        "REVERSIBLE": "YES",
    }
    with rasterio.open(path, "w", **{**profile, **changes}) as target:
        target.write(pixels, 1)


def noise(band: str) -> np.ndarray:
    side = EXTENT.side_m // BANDS[band].resolution_m
    return np.random.default_rng(S2_BANDS.index(band)).integers(1, 9000, (side, side)).astype(np.uint16)


@pytest.fixture
def product(tmp_path: Path) -> L2aProduct:
    """A small tile with all bands."""
    for band in S2_BANDS:
        write_jp2(tmp_path / f"{band}.jp2", noise(band), BANDS[band].resolution_m)
    images = {band: str(tmp_path / f"{band}.jp2") for band in S2_BANDS}
    return L2aProduct(tmp_path, NAME, "99.99", {}, MappingProxyType(dict.fromkeys(S2_BANDS, 0)), images)


def test_pixels_and_ground_of_all_bands(product: L2aProduct):
    for threads in (1, 2):
        bands = read_bands(product, threads=threads)
        assert bands.extent == EXTENT
        for band in S2_BANDS:
            np.testing.assert_array_equal(bands.pixels[band], noise(band))


def test_the_processing_offset_is_added_or_kept(product: L2aProduct):
    shifted = L2aProduct(
        product.path, NAME, "05.09", {}, MappingProxyType(dict.fromkeys(S2_BANDS, -1000)), product.images
    )
    found = read_bands(shifted).pixels["B02"]
    np.testing.assert_array_equal(found, np.maximum(noise("B02").astype(int) - 1000, 1))
    np.testing.assert_array_equal(read_bands(shifted, keep_raw=True).pixels["B02"], noise("B02"))


@pytest.mark.parametrize(
    ("offset", "expected"), [(-1000, [0, 1, 1, 1, 2, 64_535]), (0, [0, 1, 1000, 1001, 1002, 65_535])]
)
def test_offsets_never_make_nodata_of_a_valid_pixel(offset: int, expected: list[int]):
    pixels = np.array([0, 1, 1000, 1001, 1002, 65_535], np.uint16)
    add_offset(pixels, offset)
    assert pixels.tolist() == expected


@pytest.mark.parametrize("band", S2_BANDS)
def test_one_invalid_pixel_in_any_band_makes_a_patch_invalid(band: str):
    grid = PatchGrid(EXTENT.side_m)
    pixels = {name: noise(name) for name in S2_BANDS}
    patch_px = 1200 // BANDS[band].resolution_m
    pixels[band][3 * patch_px, 2 * patch_px - 1] = 0  # first row of patch row 3, last column of patch column 1
    expected = np.ones((5, 5), bool)
    expected[1, 3] = False
    np.testing.assert_array_equal(valid_patches(TileBands(EXTENT, pixels), grid), expected)


def test_the_incomplete_border_does_not_count():
    extent = TileExtent("EPSG:32633", 0, 0, 6_600)
    pixels = {name: np.ones((6_600 // BANDS[name].resolution_m,) * 2, np.uint16) for name in S2_BANDS}
    pixels["B02"][-1, -1] = 0
    assert valid_patches(TileBands(extent, pixels), PatchGrid(6_600)).all()


def test_reflectance_of_another_scale(product: L2aProduct):
    other = replace(product, quantification=1_000)
    with pytest.raises(ProductError, match="divided by 1000; reBEN's is 10,000") as caught:
        read_bands(other)
    assert "--keep-raw" in caught.value.hint
    np.testing.assert_array_equal(read_bands(other, keep_raw=True).pixels["B02"], noise("B02"))


def test_the_place_that_the_metadata_say(product: L2aProduct):
    assert read_bands(replace(product, extent=EXTENT)).extent == EXTENT
    elsewhere = TileExtent("EPSG:32633", 300_000, 5_400_000, 109_800)
    with pytest.raises(ProductError, match=r"B01\.jp2: covers .*side_m=6000.*by the metadata"):
        read_bands(replace(product, extent=elsewhere))


def test_missing_bands_are_named(shared_data: Path):
    (path,) = (shared_data / "s2_l2a" / "T29UNU_N0400_R60m").glob("*.SAFE")
    with pytest.raises(ProductError, match="lacks B02, B03, B04, B05, B06, B07, B08, B8A, B11, B12 at native"):
        read_bands(open_product(path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"transform": from_origin(300_010, 5_400_000, 20, 20)},
            r"B05\.jp2: covers .*300010.*; by the metadata or the other bands it is",
        ),
        ({"crs": "EPSG:32634"}, r"B05\.jp2: covers"),
        ({"crs": None}, "expected one square band of uint16 in a UTM zone"),
        ({"transform": from_origin(300_000, 5_400_000, 10, 10)}, r"has pixels of 10.0 m; expected 20 m"),
    ],
)
def test_bands_that_do_not_fit_together(product: L2aProduct, changes: dict[str, object], message: str):
    write_jp2(Path(product.images["B05"]), noise("B05"), 20, **changes)
    with pytest.raises(ProductError, match=message):
        read_bands(product)


def test_a_raster_that_is_not_square_or_not_uint16(product: L2aProduct):
    write_jp2(Path(product.images["B05"]), noise("B05")[:, :100], 20)
    with pytest.raises(ProductError, match="100 x 300 pixels of uint16"):
        read_bands(product)
    write_jp2(Path(product.images["B05"]), (noise("B05") % 200).astype(np.uint8), 20)
    with pytest.raises(ProductError, match="300 x 300 pixels of uint8"):
        read_bands(product)


@pytest.mark.parametrize("length", [0, 50, 2_000])
def test_truncated_rasters(product: L2aProduct, length: int):
    path = Path(product.images["B08"])
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ProductError, match=r"B08\.jp2: cannot be read"):
        read_bands(product)


def test_what_one_part_of_a_tile_lacks_comes_from_the_other():
    one, other = (
        TileBands(EXTENT, {"B01": np.array(pixels, np.uint16)}) for pixels in ([[1, 0], [0, 2]], [[9, 8], [0, 7]])
    )
    join_bands(one, other)
    assert one.pixels["B01"].tolist() == [[1, 8], [0, 2]]
    elsewhere = TileBands(TileExtent("EPSG:32634", 300_000, 5_400_000, 6_000), other.pixels)
    with pytest.raises(GridError, match="one part of the tile covers"):
        join_bands(one, elsewhere)
