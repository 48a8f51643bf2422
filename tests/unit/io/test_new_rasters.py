import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from reben.core.classes import CLC2018
from reben.core.errors import RasterError
from reben.core.grid import TileExtent
from reben.io.jp2 import write_tile_band
from reben.io.new_rasters import write_raster
from reben.io.tiff.class_maps import write_class_map
from reben.io.tiff.geotiff import write_band
from reben.work import atomic

NOISE = np.random.default_rng(0).integers(1, 5_000, (300, 300)).astype(np.uint16)
PLACE = from_origin(300_000, 5_400_000, 10, 10)

WRITERS: dict[str, Callable[[Path], None]] = {
    "band": lambda path: write_band(path, NOISE, crs="EPSG:32633", transform=PLACE),
    "class map": lambda path: write_class_map(
        path, (NOISE % 19).astype(np.int8), CLC2018, crs="EPSG:32633", left_m=300_000, top_m=5_400_000
    ),
    "jp2": lambda path: write_tile_band(path, NOISE, TileExtent("EPSG:32633", 300_000, 5_400_000, 3_000), 10),
}


def test_what_is_described_is_in_the_file(tmp_path: Path):
    write_raster(
        tmp_path / "a.tif", NOISE, driver="GTiff", describe=lambda file: file.update_tags(of="us"), transform=PLACE
    )
    with rasterio.open(tmp_path / "a.tif") as file:
        assert file.tags()["of"] == "us"
        assert (file.read(1) == NOISE).all()


@pytest.mark.parametrize(
    ("driver", "ending", "options"),
    [("GTiff", "tif", {"compress": "deflate", "tiled": True}), ("JP2OpenJPEG", "jp2", {"REVERSIBLE": "YES"})],
)
def test_it_is_what_gdal_writes_itself(driver: str, ending: str, options: dict[str, object], tmp_path: Path):
    profile = {"driver": driver, "transform": PLACE, "crs": "EPSG:32633", **options}
    write_raster(tmp_path / "a.partial", NOISE, **profile)
    path = tmp_path / f"b.{ending}"
    with rasterio.open(path, "w", width=300, height=300, count=1, dtype="uint16", **profile) as file:
        file.write(NOISE, 1)
    assert (tmp_path / "a.partial").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("share", [0.01, 0.5, 0.999])
def test_a_file_that_does_not_fit_is_an_error_that_names_it(kind: str, share: float, tmp_path: Path):
    """A limit on the size of files stands for a full disk: the write is refused in the middle."""
    write, path = WRITERS[kind], tmp_path / "new"
    write(path)
    limit = int(path.stat().st_size * share)
    path.unlink()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            with atomic.new_file(path) as partial:
                write(partial)
        except OSError as error:
            code = 0 if error.errno == errno.EFBIG and str(error.filename).startswith(str(tmp_path)) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert list(tmp_path.iterdir()) == []


def test_what_gdal_cannot_make(tmp_path: Path):
    with pytest.raises(RasterError, match="GDAL cannot make it"):
        write_raster(tmp_path / "a.jp2", NOISE.astype(np.float64), driver="JP2OpenJPEG", transform=PLACE)
