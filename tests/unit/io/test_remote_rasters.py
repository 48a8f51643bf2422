"""Bands on a server that is slow to give them, cuts them, and whose signatures expire."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.shutil import copy

from reben.core.errors import AddressError, ProductError, RebenError
from reben.core.grid import TileExtent
from reben.io.jp2 import write_tile_band
from reben.io.tile_bands import read_tile_band
from reben.net.sas_tokens import SERVICE_VARIABLE
from stand_ins.stac_server import StacServer, running_stac_server

EXTENT = TileExtent("EPSG:32633", 300_000, 5_400_000, 14_400)
PIXELS = np.random.default_rng(0).integers(0, 9_000, (720, 720)).astype(np.uint16)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StacServer]:
    write_tile_band(tmp_path / "band.jp2", PIXELS, EXTENT, 20)
    with rasterio.open(tmp_path / "band.jp2") as source:
        copy(source, tmp_path / "band.tif", driver="COG", BLOCKSIZE=128, COMPRESS="DEFLATE")
    monkeypatch.setenv("GDAL_HTTP_RETRY_DELAY", "0.01")
    with running_stac_server(tmp_path) as running:
        monkeypatch.setenv(SERVICE_VARIABLE, running.tokens)
        yield running


@pytest.mark.parametrize("name", ["band.tif", "band.jp2"])
def test_a_band_over_ranges(server: StacServer, name: str):
    extent, pixels = read_tile_band(server.url(name), 20, threads=2, expected=EXTENT)
    assert extent == EXTENT
    np.testing.assert_array_equal(pixels, PIXELS)
    assert any(request.range for request in server.requests)


def test_faults_that_pass(server: StacServer):
    server.fail("unavailable", "too_many")
    np.testing.assert_array_equal(read_tile_band(server.url("band.tif"), 20)[1], PIXELS)
    assert server.injected == 2


def test_half_a_cog(server: StacServer, tmp_path: Path):
    whole = (tmp_path / "band.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(whole[: len(whole) // 2])
    for image in (server.url("cut.tif", "signed"), str(tmp_path / "cut.tif")):
        with pytest.raises(ProductError, match=r"cut\.tif: cannot be read") as caught:
            read_tile_band(image, 20)
        assert "secret" not in f"{caught.value}{caught.value.__cause__}{caught.value.__cause__.__context__}"


def test_signatures_are_asked_for_once_and_renewed_when_refused(
    server: StacServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    for name in ("other.tif", "third.tif"):
        shutil.copyfile(tmp_path / "band.tif", tmp_path / name)
    for name in ("band.tif", "other.tif"):
        np.testing.assert_array_equal(read_tile_band(server.url(name, "signed"), 20)[1], PIXELS)
    assert server.tokens_asked == 1
    server.expire()
    np.testing.assert_array_equal(read_tile_band(f"{server.url('third.tif', 'signed')}?old=secret0", 20)[1], PIXELS)
    assert server.tokens_asked == 2
    with pytest.raises(ProductError, match=r"none\.tif: cannot be read") as caught:
        read_tile_band(f"{server.url('none.tif', 'signed')}?old=secret0", 20)
    assert "secret" not in str(caught.value)
    assert "secret" not in "".join(capfd.readouterr())


def test_tokens_that_end_soon_are_not_used_again(server: StacServer):
    server.minutes = 4
    for name in ("band.tif", "band.jp2"):
        read_tile_band(server.url(name, "signed"), 20)
    assert server.tokens_asked == 2


def test_what_is_not_encrypted_is_not_asked():
    with pytest.raises(AddressError, match="without encryption"):
        read_tile_band("http://example.org/band.tif", 20)


def test_the_bucket_of_the_data_space(server: StacServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "Sentinel-2").mkdir()
    (tmp_path / "band.tif").rename(tmp_path / "Sentinel-2" / "band.tif")
    monkeypatch.setenv("AWS_S3_ENDPOINT", server.address.removeprefix("http://"))
    for name, value in {"AWS_HTTPS": "NO", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}.items():
        monkeypatch.setenv(name, value)
    np.testing.assert_array_equal(read_tile_band("s3://eodata/Sentinel-2/band.tif", 20)[1], PIXELS)
    assert any("Credential=key" in request.headers.get("Authorization", "") for request in server.requests)
    with pytest.raises(RebenError, match="cannot be read"):
        read_tile_band("s3://eodata/Sentinel-2/none.tif", 20)
