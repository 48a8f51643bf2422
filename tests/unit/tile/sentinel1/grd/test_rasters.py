from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.core.errors import RasterError
from reben.core.grid import TileExtent
from reben.io.safe.grd.product import open_grd
from reben.tile.sentinel1.grd import rasters
from reben.tile.sentinel1.grd.choices import Choices
from reben.tile.sentinel1.grd.rasters import write_pass
from reben.tile.sentinel1.grd.tile_pass import TilePass, passes_over
from stand_ins.grd import CRS, Grd


@pytest.fixture
def tile_pass(extent: TileExtent, dem: Path, tmp_path: Path) -> TilePass:
    half = Grd(lines=480).write(tmp_path, lambda lines, pixels: 300 + 200 * np.sin(lines / 9) * np.cos(pixels / 7))
    (found,) = passes_over([open_grd(half)], extent, Choices(dem))
    return found


def test_files_say_what_they_hold(tile_pass: TilePass, tmp_path: Path):
    folder = tmp_path / "out"
    folder.mkdir()
    rows: list[int] = []
    written = write_pass(tile_pass, "33UUP", folder, incidence=True, progress=rows.append)
    assert sum(rows) == 480
    scene = Grd(lines=480).scene
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{scene}_33UUP_{name}.tif" for name in ("VH", "VV", "incidence")
    ]
    for name, unit in (("VV", "dB"), ("VH", "dB"), ("incidence", "degree")):
        with rasterio.open(folder / f"{scene}_33UUP_{name}.tif") as source:
            values = source.read(1)
            assert (source.crs, source.shape, source.dtypes) == (CRS, (480, 480), ("float32",))
            assert (source.transform.c, source.transform.f) == (tile_pass.extent.ulx_m, tile_pass.extent.uly_m)
            assert source.units == (unit,)
            assert source.descriptions == (name,)
            assert np.isnan(source.nodata)
            assert source.tags()["REBEN_TILE"] == "33UUP"
        if name != "incidence":
            assert np.isfinite(values).sum() == written.with_value[name]
    assert written.pixels == 480 * 480
    assert 0 < written.with_value["VV"] < written.pixels
    assert written.without_altitude == written.hidden == 0


def test_files_that_lack_values_are_noticed(tile_pass: TilePass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A stand-in for a full disk: GDAL loses blocks and says nothing."""
    monkeypatch.setattr(rasters, "_write", lambda files, _: dict.fromkeys(files, 5))
    with pytest.raises(RasterError, match=r"VV\.tif: holds 0 of 5 values"):
        write_pass(tile_pass, "33UUP", tmp_path)
