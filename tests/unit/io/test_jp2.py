from pathlib import Path

import numpy as np
import rasterio

from reben.core.grid import TileExtent
from reben.io.jp2 import write_tile_band

EXTENT = TileExtent("EPSG:32633", 300_000, 5_400_000, 4_800)
PIXELS = np.random.default_rng(0).integers(0, 65_535, (240, 240)).astype(np.uint16)


def test_classes_keep_their_type(tmp_path: Path):
    write_tile_band(tmp_path / "scl.jp2", PIXELS.astype(np.uint8), EXTENT, 20)
    with rasterio.open(tmp_path / "scl.jp2") as source:
        assert (source.read(1) == PIXELS.astype(np.uint8)).all()
