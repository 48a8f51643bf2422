"""What the demo writes is what a build of real data starts from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.construct.land_cover.polygons import find_layer
from reben.core.bands import BANDS, S1_BANDS, S2_BANDS
from reben.correct.correction import choose_l1c
from reben.correct.sixs.engine import SixsEngine
from reben.demo.area import EXTENT, PRODUCT, Area, blocks_in, make_area
from reben.demo.inputs import RawInputs, write_raw_inputs
from reben.io.safe.l2a import open_product
from reben.rules.quality import quality_failures
from reben.tile.bands import read_bands
from reben.tile.sentinel1.scenes import find_scenes

SMALL = replace(EXTENT, side_m=12_000)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> RawInputs:
    return write_raw_inputs(tmp_path_factory.mktemp("raw") / "inputs", extent=SMALL, workers=2)


@pytest.fixture(scope="module")
def area() -> Area:
    steps: list[int] = []
    area = make_area(SMALL, progress=steps.append)
    assert sum(steps) == blocks_in(SMALL) == 16
    return area


def test_the_corrected_product_shows_the_area(inputs: RawInputs, area: Area, tmp_path: Path):
    (l1c,) = choose_l1c([inputs.l1c]).products
    SixsEngine().correct(l1c, tmp_path / "L2A")
    product = open_product(next((tmp_path / "L2A").iterdir()))
    assert product.name.tile.sensing_time == PRODUCT.tile.sensing_time
    assert not quality_failures(product.quality)
    bands = read_bands(product)
    assert bands.extent == SMALL
    for name in S2_BANDS:
        assert bands.pixels[name].shape == (SMALL.side_m // BANDS[name].resolution_m,) * 2
        seen = area.bands[name] > 0
        np.testing.assert_array_equal(bands.pixels[name] > 0, seen)
        error = bands.pixels[name][seen].astype(int) - area.bands[name][seen]
        limit = 150 if name == "B09" else 60  # aerosol and water vapour are estimates, B09 sees little but vapour
        assert np.abs(np.median(error)) < limit, name
        assert bands.pixels[name][0, -1] == 0  # beyond the swath
        assert bands.pixels[name][-1, 0] != 0


def test_polygons_give_the_land_cover_back(inputs: RawInputs, area: Area):
    burnt = find_layer(inputs.land_cover).on(SMALL)
    assert (burnt.codes == area.codes).mean() > 0.999
    assert burnt.repaired == 0


def test_the_nearer_scene_does_not_cover_all(inputs: RawInputs, area: Area):
    near, far = find_scenes(inputs.s1_scenes).scenes
    widths = []
    for scene in (near, far):
        assert set(scene.bands) == set(S1_BANDS)
        with rasterio.open(scene.bands["VV"].image) as source:
            widths.append(source.width)
            np.testing.assert_array_equal(source.read(1)[2:-2, 2:102], area.bands["VV"][:, :100])
    assert widths[0] < widths[1]
    assert (near.sensing_time - PRODUCT.tile.sensing_time).days == -1
    assert (far.sensing_time - PRODUCT.tile.sensing_time).days == 4


def test_nobody_takes_it_for_real_data(inputs: RawInputs):
    assert "Synthetic data" in (inputs.root / "README.txt").read_text()
    assert '"Nowhere"' in inputs.countries.read_text()
