from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.core.classes import CLC2018
from reben.io.tiff.class_maps import NODATA, write_class_map


@pytest.mark.parametrize("side", [12, 600])
def test_gis_programs_find_classes_colours_and_place(tmp_path: Path, side: int):
    classes = np.arange(side * side).reshape(side, side) % 20 - 1
    path = tmp_path / "map.tif"
    write_class_map(path, classes.astype(np.int8), CLC2018, crs="EPSG:32633", left_m=331_200, top_m=5_331_600)
    with rasterio.open(path) as source:
        pixels = source.read(1)
        assert source.crs.to_epsg() == 32633
        assert source.bounds == (331_200, 5_331_600 - side * 10, 331_200 + side * 10, 5_331_600)
        assert source.nodata == NODATA
        colours = source.colormap(1)
        tags = source.tags()
    np.testing.assert_array_equal(pixels == NODATA, classes == -1)
    np.testing.assert_array_equal(pixels[classes >= 0], classes[classes >= 0])
    for index, name in enumerate(CLC2018.class_names):
        assert colours[index][:3] == CLC2018.class_colours[index]
        assert tags[f"class_{index}"] == name
