"""Shares of clouds and snow, held against counts by hand and against a real classification."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.core.errors import ProductError
from reben.core.grid import PatchGrid, TileExtent
from reben.io.jp2 import write_tile_band
from reben.io.l2a_product import L2aProduct
from reben.io.safe.l2a import open_product
from reben.tile.scene_classes import KINDS, read_cover

EXTENT = TileExtent("EPSG:32633", 300_000, 5_400_000, 4_800)
GRID = PatchGrid(4_800, 1_200)


@pytest.fixture
def product(make_product: Callable[..., Path], tmp_path: Path) -> L2aProduct:
    return open_product(make_product(tmp_path, "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"))


def classified(product: L2aProduct, classes: np.ndarray, path: Path) -> L2aProduct:
    write_tile_band(path, classes, EXTENT, 20)
    return replace(product, scene_classes=str(path))


def test_shares_of_each_patch(product: L2aProduct, tmp_path: Path):
    classes = np.full((240, 240), 4, np.uint8)
    classes[:60, :30] = 9  # half of the patch in the corner
    classes[:6, 60:120] = 3  # a tenth of its eastern neighbour
    classes[0, 60] = 10
    classes[60:120, :60] = 11  # the patch below the corner
    classes[180, 180], classes[180, 181] = 0, 200
    cover = read_cover([classified(product, classes, tmp_path / "scl.jp2")], EXTENT, GRID)
    assert cover is not None
    assert cover.of(0, 0) == {"cloud": 0.5, "shadow": 0, "cirrus": 0, "snow": 0, "nodata": 0}
    assert cover.of(1, 0) == pytest.approx(
        {"cloud": 0, "shadow": 359 / 3600, "cirrus": 1 / 3600, "snow": 0, "nodata": 0}
    )
    assert cover.of(0, 1)["snow"] == 1
    assert cover.of(3, 3)["nodata"] == pytest.approx(2 / 3600)
    np.testing.assert_allclose(cover.hidden()[:2, 0], [0.5, 0.1])
    assert set(cover.shares) == set(KINDS)


def test_parts_of_a_tile_fill_each_other(product: L2aProduct, tmp_path: Path):
    west, east = np.zeros((2, 240, 240), np.uint8)
    west[:, :120], east[:, 100:] = 8, 11
    parts = [classified(product, part, tmp_path / f"{i}.jp2") for i, part in enumerate((west, east))]
    cover = read_cover(parts, EXTENT, GRID)
    assert cover is not None
    assert cover.of(1, 0)["cloud"] == cover.of(2, 0)["snow"] == 1
    assert not any(share.any() for share in [cover.shares["nodata"]])


def test_products_without_a_classification(product: L2aProduct, tmp_path: Path):
    assert product.scene_classes is None
    assert read_cover([product], EXTENT, GRID) is None
    there = classified(product, np.full((240, 240), 4, np.uint8), tmp_path / "scl.jp2")
    assert read_cover([there, product], EXTENT, GRID) is None


def test_a_damaged_classification_is_an_error(product: L2aProduct, tmp_path: Path):
    there = classified(product, np.full((240, 240), 4, np.uint8), tmp_path / "scl.jp2")
    with pytest.raises(ProductError, match="covers"):
        read_cover([there], replace(EXTENT, ulx_m=360_000), GRID)
    (tmp_path / "scl.jp2").write_bytes(b"no image")
    with pytest.raises(ProductError, match="cannot be read"):
        read_cover([there], EXTENT, GRID)


def test_a_real_classification(shared_data: Path):
    (path,) = (shared_data / "s2_l2a").rglob("*_SCL_20m.jp2")
    (product_path,) = (shared_data / "s2_l2a").glob("*/*.SAFE")
    product = open_product(product_path)
    assert product.scene_classes is not None
    assert Path(product.scene_classes) == path
    with rasterio.open(path) as source:
        classes, bounds = source.read(1), source.bounds
    extent = TileExtent("EPSG:32629", bounds.left, bounds.top, 109_800)
    cover = read_cover([product], extent, PatchGrid())
    assert cover is not None
    for column, row in np.random.default_rng(0).integers(0, 91, (50, 2)):
        patch = classes[60 * row : 60 * (row + 1), 60 * column : 60 * (column + 1)]
        expected = {kind: float(np.isin(patch, values).mean()) for kind, values in KINDS.items()}
        assert cover.of(column, row) == pytest.approx(expected)
    assert cover.hidden().max() > 0.9
