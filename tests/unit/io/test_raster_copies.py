"""Copies of bands on a server, whose signatures expire."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from reben.core.errors import ProductError, RebenError
from reben.core.grid import TileExtent
from reben.io.jp2 import write_tile_band
from reben.io.raster_copies import keeping_copies
from reben.io.tile_bands import read_tile_band
from reben.net.sas_tokens import SERVICE_VARIABLE, sas_tokens
from stand_ins.stac_server import StacServer, running_stac_server

EXTENT = TileExtent("EPSG:32633", 300_000, 5_400_000, 7_200)
PIXELS = np.random.default_rng(0).integers(0, 9_000, (360, 360)).astype(np.uint16)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StacServer]:
    (tmp_path / "served").mkdir()
    write_tile_band(tmp_path / "served" / "band.jp2", PIXELS, EXTENT, 20)
    monkeypatch.setenv("GDAL_HTTP_RETRY_DELAY", "0.01")
    with running_stac_server(tmp_path / "served") as running:
        monkeypatch.setenv(SERVICE_VARIABLE, running.tokens)
        yield running


def read(server: StacServer) -> np.ndarray:
    return read_tile_band(server.url("band.jp2", "signed"), 20)[1]


def test_a_raster_is_fetched_once(server: StacServer, tmp_path: Path):
    folder = tmp_path / "copies"
    with keeping_copies(folder):
        np.testing.assert_array_equal(read(server), PIXELS)
        asked = len(server.requests)
        np.testing.assert_array_equal(read(server), PIXELS)
    assert len(server.requests) == asked
    (copy,) = folder.iterdir()
    assert copy.suffix == ".jp2"
    assert copy.read_bytes() == (tmp_path / "served" / "band.jp2").read_bytes()


def test_outside_of_the_block_nothing_is_kept(server: StacServer, tmp_path: Path):
    with keeping_copies(tmp_path / "copies"):
        read(server)
    asked = len(server.requests)
    np.testing.assert_array_equal(read(server), PIXELS)
    assert len(server.requests) > asked
    with keeping_copies(None):
        read(server)
    assert len(list((tmp_path / "copies").iterdir())) == 1


def test_an_expired_signature_is_renewed(server: StacServer, tmp_path: Path):
    sas_tokens().signed(server.url("band.jp2", "signed"))
    server.valid_signatures.clear()
    with keeping_copies(tmp_path / "copies"):
        np.testing.assert_array_equal(read(server), PIXELS)
    assert server.tokens_asked == 2


def test_what_cannot_be_fetched_leaves_no_copy(server: StacServer, tmp_path: Path):
    with keeping_copies(tmp_path / "copies"), pytest.raises((ProductError, RebenError)) as caught:
        read_tile_band(server.url("missing.jp2", "signed"), 20)
    assert "secret" not in f"{caught.value}{caught.value.__cause__}"
    assert list((tmp_path / "copies").iterdir()) == []
