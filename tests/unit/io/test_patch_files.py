from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.core.errors import RasterError
from reben.io.patch_files import PatchFileTemplate


@pytest.mark.parametrize("pattern", ["*_B02.tif", "*_B8A.tif", "*_B01.tif", "*_VV.tif"])
def test_files_are_byte_for_byte_the_published_ones(shared_data: Path, tmp_path: Path, pattern: str):
    template = None
    paths = sorted((shared_data / "patches").glob(f"*/*/*/{pattern}"))
    assert len(paths) == 12
    for path in paths:
        with rasterio.open(path) as source:
            pixels, left, top = source.read(1), source.bounds.left, source.bounds.top
            if template is None:
                template = PatchFileTemplate(
                    source.width, source.dtypes[0], int(source.res[0]), crs=str(source.crs), nodata=source.nodata
                )
        template.write(tmp_path / "patch.tif", pixels, left, top)
        assert (tmp_path / "patch.tif").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("pixels", [np.ones((4, 5), np.uint16), np.ones((4, 4), np.int16)])
def test_other_sizes_and_types_are_refused(pixels: np.ndarray):
    template = PatchFileTemplate(4, "uint16", 10, crs="EPSG:32633", nodata=0)
    with pytest.raises(RasterError, match=r"expected \(4, 4\) of uint16"):
        template.file(pixels, 0, 0)
