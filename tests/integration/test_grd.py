"""From Sentinel-1 GRD products to pairs of patches, by both ways that a user has."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from stand_ins.command import run_reben as reben
from stand_ins.grd import Grd, write_dem

TILE = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"


@pytest.fixture(scope="module")
def inputs(make_product: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An L2A product, a GRD product of the same ground in two slices, and an elevation model."""
    folder = tmp_path_factory.mktemp("grd")
    make_product(folder / "l2a", TILE)
    first = Grd(lines=480, noise=400)
    for product, offset in ((first, 0), (first.next_slice(520), 480)):
        product.write(
            folder / "s1",
            lambda lines, pixels, offset=offset: 200 + 100 * np.sin((lines + offset) / 30) * np.cos(pixels / 25),
        )
    write_dem(folder / "dem.tif", lambda x, y: 500 + 200 * np.sin(x / 900) * np.cos(y / 900))
    return folder


@pytest.mark.large
def test_products_are_geocoded_and_built_alike(inputs: Path, small_land_cover: Path, tmp_path: Path):
    answer = reben("s1", inputs / "s1", "--dem", inputs / "dem.tif", "--sea-level", "--tile", "33UUP",
                   "--output", tmp_path / "scenes", "--json", "-")  # fmt: skip
    (made,) = json.loads(answer.stdout)["made"]
    assert "1 scenes made, 0 there already, 0 failed" in answer.stderr
    assert "of the tile has no value" in answer.stderr
    with rasterio.open(next(Path(made).glob("*_VV.tif"))) as source:
        assert source.shape == (10_980, 10_980)
        assert np.isfinite(source.read(1, window=((0, 480), (0, 480)))).all()
    common = ["build", "--l2a", inputs / "l2a", "--land-cover", small_land_cover]
    reben(*common, "--s1-scenes", tmp_path / "scenes", "--output", tmp_path / "one")
    reben(*common, "--s1-scenes", inputs / "s1", "--s1-dem", inputs / "dem.tif", "--output", tmp_path / "two")
    one, two = (DatasetPaths(tmp_path / name) for name in ("one", "two"))
    rows = read_metadata(one.metadata).to_pylist()
    assert len(rows) == 15  # all but the patch with an invalid pixel
    assert rows == read_metadata(two.metadata).to_pylist()
    names = [row["s1_name"] for row in rows]
    assert {name.rsplit("_", 3)[0] for name in names} == {Grd().scene}
    for name in names:
        for band in ("VV", "VH"):
            with (
                rasterio.open(one.root / one.s1_file(name, band)) as first,
                rasterio.open(two.root / two.s1_file(name, band)) as second,
            ):
                np.testing.assert_allclose(first.read(1), second.read(1), atol=0.02)
    report = json.loads((tmp_path / "two" / "build-report.json").read_text())
    assert str(inputs / "dem.tif") in json.dumps(report)


def test_mistakes_are_told_in_a_sentence(inputs: Path, small_land_cover: Path, tmp_path: Path):
    common = ["build", "--l2a", inputs / "l2a", "--land-cover", small_land_cover, "--output", tmp_path / "x"]
    error = reben(*common, "--s1-scenes", inputs / "s1", code=1).stderr
    assert "need an elevation model" in error
    assert "--s1-dem" in error
    error = reben(*common, "--s1-dem", inputs / "dem.tif", code=1).stderr
    assert "--s1-dem is of --s1-scenes" in error
    error = reben("s1", inputs / "l2a", "--dem", inputs / "dem.tif", "--tile", "33UUP", "--output", tmp_path / "y",
                  code=1).stderr  # fmt: skip
    assert "no GRD product found" in error
    error = reben("s1", inputs / "s1", "--dem", inputs / "dem.tif", "--tile", "99XXX", "--output", tmp_path / "y",
                  code=1).stderr  # fmt: skip
    assert "99XXX" in error
    assert not (tmp_path / "y").exists()
