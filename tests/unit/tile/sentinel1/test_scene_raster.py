from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.transform import from_origin

from reben.core.errors import RasterError
from reben.core.grid import TileExtent
from reben.tile.sentinel1.scene_raster import open_bands

SCENE = "S1A_IW_GRDH_1SDV_20170613T165043"
EXTENT = TileExtent("EPSG:32633", 300_000, 5_400_000, 4_800)
BOX = (300_000, 5_395_200, 304_800, 5_400_000)


def read(path: Path, box: tuple[float, ...] = BOX) -> np.ndarray:
    raster = open_bands(path)["VV"]
    with rasterio.open(path) as source:
        return raster.read_on_grid(source, EXTENT.crs, box, 10)


def test_the_polarisation_stands_in_the_name_of_a_file_with_one_band(
    write_raster: Callable[..., Path], decibels: Callable[..., np.ndarray], tmp_path: Path
):
    path = write_raster(tmp_path / f"{SCENE}_VH.tif", decibels(), descriptions=("Sigma0_VV",))
    (found,) = open_bands(path).items()
    assert (found[0], found[1].file, found[1].band) == ("VH", path, 1)
    assert found[1].bounds == BOX
    described = write_raster(tmp_path / f"{SCENE}.tif", decibels(), descriptions=("Sigma0_VV",))
    assert list(open_bands(described)) == ["VV"]
    neither = write_raster(tmp_path / f"{SCENE}_dem.tif", decibels())
    assert open_bands(neither) == {}


def test_several_bands_by_their_descriptions(
    write_raster: Callable[..., Path], decibels: Callable[..., np.ndarray], tmp_path: Path
):
    both = np.stack([decibels(seed=1), decibels(seed=2), decibels(seed=3)])
    names = ("Gamma0_VH_db", "localIncidenceAngle", "Gamma0_VV_db")
    found = open_bands(write_raster(tmp_path / f"{SCENE}.tif", both, descriptions=names))
    assert {name: raster.band for name, raster in found.items()} == {"VH": 1, "VV": 3}
    assert open_bands(write_raster(tmp_path / "incidence.tif", both)) == {}
    with pytest.raises(RasterError, match="has 3 bands without descriptions"):
        open_bands(write_raster(tmp_path / f"{SCENE}_VV.tif", both))


def test_the_same_grid_is_cut_pixel_by_pixel(
    write_raster: Callable[..., Path], decibels: Callable[..., np.ndarray], tmp_path: Path
):
    pixels = decibels(600)
    path = write_raster(tmp_path / f"{SCENE}_VV.tif", pixels, transform=from_origin(299_500, 5_400_700, 10, 10))
    np.testing.assert_array_equal(read(path), pixels[70:550, 50:530])


def test_ground_beyond_the_raster_has_no_value(
    write_raster: Callable[..., Path], decibels: Callable[..., np.ndarray], tmp_path: Path
):
    pixels = decibels(100)
    path = write_raster(tmp_path / f"{SCENE}_VV.tif", pixels, transform=from_origin(299_500, 5_400_500, 10, 10))
    expected = np.full((480, 480), np.nan, np.float32)
    expected[:50, :50] = pixels[50:, 50:]
    np.testing.assert_array_equal(read(path), expected)
    assert np.isnan(read(path, (310_000, 5_390_000, 311_200, 5_391_200))).all()


@pytest.mark.parametrize("nodata", [None, -99.0, np.nan])
def test_nodata_nan_infinity_and_zero_are_no_values(
    write_raster: Callable[..., Path], decibels: Callable[..., np.ndarray], tmp_path: Path, nodata: float | None
):
    pixels = decibels()
    pixels[0, :4] = (0, np.nan, -np.inf, -20)
    if nodata is not None:
        pixels[0, 4] = nodata
    path = write_raster(tmp_path / f"{SCENE}_VV.tif", pixels, nodata=nodata)
    found = read(path)
    assert np.isnan(found[0, :3]).all()
    assert found[0, 3] == -20
    assert np.isnan(found[0, 4]) == (nodata is not None)
    assert np.isfinite(found[1:]).all()


def means_of_neighbours(power: np.ndarray, weights: tuple[float, ...]) -> np.ndarray:
    """Weighted means of as many neighbours as there are weights, along both axes."""
    rows = np.stack([np.convolve(row, weights, "valid") for row in power])
    return np.stack([np.convolve(column, weights, "valid") for column in rows.T]).T


def test_a_raster_between_the_grid_is_resampled_as_power(
    write_raster: Callable[..., Path], decibels: Callable[..., np.ndarray], tmp_path: Path
):
    pixels = decibels(501)
    path = write_raster(tmp_path / f"{SCENE}_VV.tif", pixels, transform=from_origin(299_895, 5_400_105, 10, 10))
    means = means_of_neighbours(10 ** (pixels.astype(float) / 10), (0.5, 0.5))
    np.testing.assert_allclose(read(path), 10 * np.log10(means[10:490, 10:490]), atol=1e-3)


def test_a_finer_raster_is_resampled_as_power(
    write_raster: Callable[..., Path], decibels: Callable[..., np.ndarray], tmp_path: Path
):
    """A pixel of the grid gathers what a triangle as wide as two pixels covers, at the border of what is read, too."""
    pixels = decibels(1000)
    path = write_raster(tmp_path / f"{SCENE}_VV.tif", pixels, transform=from_origin(299_900, 5_400_100, 5, 5))
    means = means_of_neighbours(10 ** (pixels.astype(float) / 10), (1 / 8, 3 / 8, 3 / 8, 1 / 8))
    np.testing.assert_allclose(read(path), 10 * np.log10(means[19:979:2, 19:979:2]), atol=1e-3)


def test_a_coarser_raster_is_resampled_as_power(
    write_raster: Callable[..., Path], decibels: Callable[..., np.ndarray], tmp_path: Path
):
    pixels = decibels(250)
    path = write_raster(tmp_path / f"{SCENE}_VV.tif", pixels, transform=from_origin(299_900, 5_400_100, 20, 20))
    power = 10 ** (pixels.astype(float) / 10)
    coordinates = np.arange(480) / 2 - 0.25 + 5  # of the grid's pixel centres, between the centres of the raster's

    def along(axis_values: np.ndarray) -> np.ndarray:
        low = np.floor(coordinates).astype(int)
        share = (coordinates - low)[:, None]
        return axis_values[low] * (1 - share) + axis_values[low + 1] * share

    np.testing.assert_allclose(read(path), 10 * np.log10(along(along(power).T).T), atol=1e-3)


def smooth_power(x_m: np.ndarray, y_m: np.ndarray) -> np.ndarray:
    return 0.05 * (1.2 + np.sin(x_m / 500) * np.cos(y_m / 400))


@pytest.mark.parametrize(
    ("crs", "transform", "shape"),
    [
        ("EPSG:32632", from_origin(741_000, 5_402_300, 10, 10), (570, 580)),
        ("EPSG:32632", from_origin(741_003, 5_402_307, 20, 20), (285, 290)),
        ("EPSG:4326", from_origin(12.279, 48.7235, 0.00009, 0.00009), (520, 790)),
        ("EPSG:3035", from_origin(4_488_700, 2_848_400, 10, 10), (550, 550)),
    ],
)
def test_another_projection(
    write_raster: Callable[..., Path], tmp_path: Path, crs: str, transform: Affine, shape: tuple[int, int]
):
    columns, rows = np.meshgrid(np.arange(shape[1]) + 0.5, np.arange(shape[0]) + 0.5)
    x, y = transform * (columns, rows)
    moved = rasterio.warp.transform(crs, EXTENT.crs, x.ravel(), y.ravel())
    power = smooth_power(*(np.reshape(values, shape) for values in moved))
    path = write_raster(
        tmp_path / f"{SCENE}_VV.tif", (10 * np.log10(power)).astype(np.float32), crs=crs, transform=transform
    )
    assert open_bands(path)["VV"].touches(EXTENT)
    target_x, target_y = np.meshgrid(np.arange(480) * 10 + 300_005, 5_399_995 - np.arange(480) * 10)
    np.testing.assert_allclose(read(path), 10 * np.log10(smooth_power(target_x, target_y)), atol=0.05)


@pytest.mark.parametrize(
    ("crs", "origin", "expected"),
    [
        ("EPSG:32633", (300_000, 5_400_000), True),
        ("EPSG:32633", (304_790, 5_395_210), True),
        ("EPSG:32633", (304_800, 5_400_000), False),
        ("EPSG:32633", (300_000, 5_395_200), False),
        ("EPSG:32633", (295_200, 5_400_000), False),
        ("EPSG:32602", (300_000, 5_400_000), False),  # the other side of the Earth
        ("EPSG:32733", (300_000, 5_400_000), False),
        ("+proj=gnom +lat_0=-48 +lon_0=-168", (0, 0), False),
    ],
)
def test_whether_raster_and_tile_have_ground_in_common(
    *,
    write_raster: Callable[..., Path],
    decibels: Callable[..., np.ndarray],
    tmp_path: Path,
    crs: str,
    origin: tuple[float, float],
    expected: bool,
):
    path = write_raster(
        tmp_path / f"{SCENE}_VV.tif", decibels(), crs=crs, transform=from_origin(*origin, 10, 10)
    )  # fmt: skip
    assert open_bands(path)["VV"].touches(EXTENT) is expected


def test_a_raster_without_a_place_on_the_earth(
    write_raster: Callable[..., Path], decibels: Callable[..., np.ndarray], tmp_path: Path
):
    path = tmp_path / f"{SCENE}_VV.tif"
    for options in (
        {"crs": None},
        {"transform": Affine(10, 1, 300_000, 1, -10, 5_400_000)},
        {"transform": Affine(10, 0, 300_000, 0, 10, 5_400_000)},
        {"transform": Affine(-10, 0, 300_000, 0, -10, 5_400_000)},
    ):
        write_raster(path, decibels(), **options)
        with pytest.raises(RasterError, match="expected a geocoded raster, north up") as caught:
            open_bands(path)
        assert str(path) in str(caught.value)
        assert caught.value.hint == "geocode the scene (terrain correction) first"


def test_what_is_no_geotiff(tmp_path: Path):
    path = tmp_path / f"{SCENE}_VV.tif"
    for content in (b"", b"II*\0", b"no raster"):
        path.write_bytes(content)
        with pytest.raises(RasterError, match=r"_VV\.tif: cannot be read as a GeoTIFF"):
            open_bands(path)
    with pytest.raises(RasterError, match="cannot be read as a GeoTIFF"):
        open_bands(tmp_path / "missing_VV.tif")
