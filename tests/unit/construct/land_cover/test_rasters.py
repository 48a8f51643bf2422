"""Rasters of land cover on the grid of a tile, held against single pixels that are looked up one by one."""

import pickle
from pathlib import Path

import numpy as np
import pyproj
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio.transform import Affine, from_origin

from reben.construct.land_cover.finding import find_land_cover, land_cover_files
from reben.core.classes import CLC2018
from reben.core.errors import LandCoverError
from reben.core.grid import TileExtent
from reben.io.legend_files import LEGENDS, LandCoverFormat, read_legend

EXTENT = TileExtent("EPSG:32633", 300_000, 5_400_000, 12_000)
SIDE = 1_200
WORLDCOVER = read_legend(LEGENDS["worldcover"])
CODES = np.array([10, 20, 30, 40, 50, 60, 80], np.uint8)


def write(
    path: Path, values: NDArray[np.generic], transform: Affine, crs: str | None = "EPSG:32633", **options: object
) -> Path:
    bands = values if values.ndim == 3 else values[None]
    profile = {"driver": "GTiff", "count": len(bands), "height": bands.shape[1], "width": bands.shape[2],
               "dtype": bands.dtype, "crs": crs, "transform": transform, **options}  # fmt: skip
    with rasterio.open(path, "w", **profile) as target:
        target.write(bands)
    return path


def some_codes(rows: int, columns: int, seed: int = 0) -> NDArray[np.uint8]:
    return CODES[np.random.default_rng(seed).integers(0, len(CODES), (rows, columns))]


def looked_up(path: Path, extent: TileExtent, cells: NDArray[np.int64]) -> list[int]:
    """The value of a raster at the centre of each cell."""
    x, y = extent.ulx_m + 10 * (cells[:, 1] + 0.5), extent.uly_m - 10 * (cells[:, 0] + 0.5)
    with rasterio.open(path) as source:
        points = pyproj.Transformer.from_crs(extent.crs, source.crs, always_xy=True).transform(x, y)
        return [int(value[0]) for value in source.sample(zip(*points, strict=True))]


def test_a_raster_on_the_same_grid_stays_as_it_is(tmp_path: Path):
    values = some_codes(SIDE, SIDE)
    path = write(tmp_path / "map.tif", values, from_origin(EXTENT.ulx_m, EXTENT.uly_m, 10, 10))
    source = find_land_cover(path, WORLDCOVER)
    np.testing.assert_array_equal(source.on(EXTENT).codes, values)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(source)).on(EXTENT).codes, values)  # noqa: S301 - workers


@pytest.mark.parametrize(
    ("crs", "pixel", "extent"),
    [
        ("EPSG:4326", 1 / 12_000, EXTENT),  # WorldCover's own grid
        ("EPSG:4326", 0.001, EXTENT),  # coarser
        ("EPSG:3035", 100.0, EXTENT),
        ("EPSG:32632", 30.0, EXTENT),  # the neighbouring zone
        ("EPSG:4326", 1 / 12_000, TileExtent("EPSG:32721", 500_000, 7_000_020, 12_000)),  # southern hemisphere
    ],
)
def test_other_grids_are_sampled_at_the_centres_of_cells(crs: str, pixel: float, extent: TileExtent, tmp_path: Path):
    to_raster = pyproj.Transformer.from_crs(extent.crs, crs, always_xy=True)
    box = to_raster.transform_bounds(
        extent.ulx_m - 500, extent.uly_m - extent.side_m - 500, extent.ulx_m + extent.side_m + 500, extent.uly_m + 500
    )
    rows, columns = round((box[3] - box[1]) / pixel), round((box[2] - box[0]) / pixel)
    path = write(tmp_path / "map.tif", some_codes(rows, columns), from_origin(box[0], box[3], pixel, pixel), crs)
    codes = find_land_cover(path, WORLDCOVER).on(extent).codes
    cells = np.random.default_rng(1).integers(0, SIDE, (3_000, 2))
    found = codes[cells[:, 0], cells[:, 1]]
    assert np.mean(found == looked_up(path, extent, cells)) > 0.99  # places are exact to a hundredth of a pixel
    assert (codes != WORLDCOVER.no_polygon).all()


def test_finer_rasters_give_the_most_frequent_value(tmp_path: Path):
    side, extent = 240, TileExtent(EXTENT.crs, EXTENT.ulx_m, EXTENT.uly_m, 2_400)
    fine = some_codes(side * 5, side * 5)  # 2 m
    blocks = fine.reshape(side, 5, side, 5).swapaxes(1, 2).reshape(side, side, 25)
    path = write(tmp_path / "map.tif", fine, from_origin(EXTENT.ulx_m, EXTENT.uly_m, 2, 2))
    codes = find_land_cover(path, WORLDCOVER).on(extent).codes
    for row, column in np.random.default_rng(2).integers(0, side, (200, 2)):
        values, counts = np.unique(blocks[row, column], return_counts=True)
        assert codes[row, column] in values[counts == counts.max()]


def test_rasters_are_joined_and_gaps_stay_unlabelled(tmp_path: Path):
    values = some_codes(SIDE, SIDE)
    for name, first, last in (("b.tif", 0, 500), ("a.tif", 450, 800)):  # from 800 on there is nothing
        part = values[:, first:last].copy()
        part[:100] = 255  # a hole in both
        if name == "a.tif":
            part[200:300, :50] = CODES[(np.searchsorted(CODES, part[200:300, :50]) + 1) % len(CODES)]  # they differ
        place = from_origin(EXTENT.ulx_m + 10 * first, EXTENT.uly_m, 10, 10)
        write(tmp_path / name, part, place, nodata=255)
    source = find_land_cover(tmp_path, WORLDCOVER)
    codes = source.on(EXTENT).codes
    assert [file.name for file in land_cover_files(tmp_path)] == ["a.tif", "b.tif"]
    assert (codes[:100] == WORLDCOVER.no_polygon).all()
    assert (codes[:, 800:] == WORLDCOVER.no_polygon).all()
    np.testing.assert_array_equal(codes[300:, :800], values[300:, :800])
    assert (codes[200:300, 450:500] != values[200:300, 450:500]).all()  # the first one by name is seen
    np.testing.assert_array_equal(codes[200:300, :450], values[200:300, :450])


def test_a_virtual_raster(tmp_path: Path):
    values = some_codes(SIDE, SIDE)
    write(tmp_path / "map.tif", values, from_origin(EXTENT.ulx_m, EXTENT.uly_m, 10, 10))
    (tmp_path / "map.vrt").write_text(
        f'<VRTDataset rasterXSize="{SIDE}" rasterYSize="{SIDE}"><SRS>EPSG:32633</SRS>'
        "<GeoTransform>300000, 10, 0, 5400000, 0, -10</GeoTransform>"
        '<VRTRasterBand dataType="Byte" band="1"><SimpleSource><SourceFilename relativeToVRT="1">map.tif'
        "</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    np.testing.assert_array_equal(find_land_cover(tmp_path / "map.vrt", WORLDCOVER).on(EXTENT).codes, values)


def test_a_raster_elsewhere_labels_nothing(tmp_path: Path):
    path = write(tmp_path / "map.tif", some_codes(100, 100), from_origin(900_000, 5_400_000, 10, 10))
    assert (find_land_cover(path, WORLDCOVER).on(EXTENT).codes == WORLDCOVER.no_polygon).all()


@pytest.mark.parametrize("kind", ["numbers in bytes", "signed bytes", "codes"])
def test_the_raster_of_corine(kind: str, tmp_path: Path):
    """Its bytes hold the number of each code in the legend's list, since 511 does not fit."""
    codes = np.array([entry.code for entry in CLC2018.entries], np.uint16)
    expected = codes[np.arange(14_400).reshape(120, 120) % len(codes)]
    numbers = (np.arange(14_400).reshape(120, 120) % len(codes) + 1).astype(np.uint8)
    numbers[numbers == len(codes)] = 48
    values, nodata = {
        "numbers in bytes": (numbers, None),
        "signed bytes": (np.where(numbers == 48, -128, numbers).astype(np.int8), -128),
        "codes": (expected, None),
    }[kind]
    path = write(tmp_path / "clc.tif", values, from_origin(EXTENT.ulx_m, EXTENT.uly_m, 100, 100), nodata=nodata)
    found = find_land_cover(path).on(EXTENT).codes
    np.testing.assert_array_equal(found, expected.repeat(10, axis=0).repeat(10, axis=1))
    assert CLC2018.class_map(found).max() == 18


@pytest.mark.parametrize(
    ("values", "options", "said"),
    [
        (np.full((100, 100), 11, np.uint8), {}, r"value 11 \(10,000 pixels\) is not a code of legend ESA WorldCover"),
        (np.full((100, 100), 10, np.float32), {}, "1 bands of float32"),
        (np.full((2, 100, 100), 10, np.uint8), {}, "2 bands of uint8"),
        (np.full((100, 100), 10, np.uint8), {"crs": None}, "has no CRS"),
        (np.full((100, 100), -7, np.int16), {}, "has the value -7"),
        (np.full((100, 100), 70_000, np.int32), {}, "has the value 70000"),
    ],
)
def test_rasters_that_do_not_fit(values: NDArray[np.generic], options: dict[str, object], said: str, tmp_path: Path):
    path = write(tmp_path / "map.tif", values, from_origin(EXTENT.ulx_m, EXTENT.uly_m, 10, 10), **options)
    with pytest.raises(LandCoverError, match=said):
        find_land_cover(path, WORLDCOVER).on(EXTENT)


def test_the_place_of_an_unknown_value_is_named(tmp_path: Path):
    values = some_codes(SIDE, SIDE)
    values[1_150, 17] = 99
    path = write(tmp_path / "map.tif", values, from_origin(EXTENT.ulx_m, EXTENT.uly_m, 10, 10))
    with pytest.raises(LandCoverError, match=r"value 99 \(1 pixels\) .* 300175, 5388495 in EPSG:32633"):
        find_land_cover(path, WORLDCOVER).on(EXTENT)


def test_what_is_not_a_raster(tmp_path: Path):
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(LandCoverError, match="cannot be read as a raster"):
        find_land_cover(tmp_path / "text.tif", WORLDCOVER)
    (tmp_path / "empty").mkdir()
    with pytest.raises(LandCoverError, match="has no rasters"):
        find_land_cover(tmp_path / "empty", WORLDCOVER)
    whole = write(tmp_path / "map.tif", some_codes(SIDE, SIDE), from_origin(EXTENT.ulx_m, EXTENT.uly_m, 10, 10))
    cut = tmp_path / "cut.tif"
    cut.write_bytes(whole.read_bytes()[:300_000])
    with pytest.raises(LandCoverError, match="cannot be read"):
        find_land_cover(cut, WORLDCOVER).on(EXTENT)


def test_legends_of_texts_have_no_rasters(tmp_path: Path):
    path = write(tmp_path / "map.tif", some_codes(9, 9), from_origin(EXTENT.ulx_m, EXTENT.uly_m, 10, 10))
    texts = LandCoverFormat(CLC2018, "code", None, 999, texts=(("BE", 111),))
    with pytest.raises(LandCoverError, match="has texts as codes"):
        find_land_cover(path, texts)
