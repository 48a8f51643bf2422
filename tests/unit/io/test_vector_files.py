import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from pyproj.exceptions import CRSError

from reben.construct.land_cover.polygons import LandCoverLayer, find_layer
from reben.core.errors import CountryError, LandCoverError, RebenError
from reben.core.grid import TileExtent
from reben.io.legend_files import CLC2018_CRS, CLC2018_FORMAT
from reben.io.vector_files import reading_polygons
from reben.rules.country import read_countries


@pytest.mark.parametrize("wrong", [pyogrio.errors.FeatureError("x\ny"), CRSError("x\ny"), ValueError("x\ny")])
def test_whatever_gdal_says_becomes_one_error_on_one_line(wrong: Exception, tmp_path: Path):
    with (
        pytest.raises(LandCoverError, match=r"cannot be read \(x y\)") as caught,
        reading_polygons(tmp_path, error=LandCoverError, hint="mend it"),
    ):
        raise wrong
    assert caught.value.hint == "mend it"


def test_pipes_and_devices_are_not_opened(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe.gpkg")
    for path in (tmp_path / "pipe.gpkg", Path("/dev/zero")):
        with pytest.raises(LandCoverError, match="device or a pipe"):
            find_layer(path)
        with pytest.raises(CountryError, match="device or a pipe"):
            read_countries(path)


def refusal(use: Callable[[], object]) -> str:
    """What a reader says, if it refuses; any other error fails the test."""
    try:
        use()
    except RebenError as error:
        return str(error)
    return ""


def damaged(path: Path, seed: int) -> None:
    """Noise over a page in the middle of the file; the beginning stays, so that it opens."""
    content = bytearray(path.read_bytes())
    noise = np.random.default_rng(seed)
    start = int(noise.integers(len(content) // 2, len(content) * 3 // 4))
    content[start : start + 4096] = noise.bytes(4096)
    path.write_bytes(content)


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("kind", "driver"), [("gpkg", "GPKG"), ("shp", "ESRI Shapefile"), ("fgb", "FlatGeobuf")])
@pytest.mark.parametrize("seed", range(5))
def test_polygons_that_stop_in_the_middle(kind: str, driver: str, seed: int, tmp_path: Path):
    path, many = tmp_path / f"land.{kind}", 600
    squares = [shapely.box(4_400_000 + 10 * i, 3_000_000, 4_400_009 + 10 * i, 3_000_009) for i in range(many)]
    pyogrio.raw.write(
        path, shapely.to_wkb(np.array([square.segmentize(1) for square in squares])),
        [np.array(["231"] * many, dtype=object)], fields=np.array(["Code_18"]), layer="land", crs="EPSG:3035",
        geometry_type="Polygon", driver=driver,
    )  # fmt: skip
    damaged(path, seed)
    layer = LandCoverLayer(path, "land", "Code_18", CLC2018_FORMAT, CLC2018_CRS)
    extent = TileExtent("EPSG:32632", 600_000, 5_600_000, 109_800)
    assert len(refusal(lambda: layer.on(extent))) <= 800
    assert len(refusal(lambda: read_countries(path))) <= 800
