from pathlib import Path

import pytest

from reben.core.errors import ProductError
from reben.core.grid import TileExtent
from reben.io.safe.geocoding import read_extent

PATH = Path("product.SAFE")


def metadata(crs: str = "EPSG:32633", rows: int = 10_980, side: str = "5490", ulx: str = "300000") -> bytes:
    sizes = f"""<Size resolution="10"><NROWS>{rows}</NROWS><NCOLS>10980</NCOLS></Size>
        <Size resolution="20"><NROWS>{side}</NROWS><NCOLS>{side}</NCOLS></Size>"""
    places = "".join(
        f'<Geoposition resolution="{size}"><ULX>{ulx}</ULX><ULY>5400000</ULY></Geoposition>' for size in (10, 20)
    )
    code = f"<HORIZONTAL_CS_CODE>{crs}</HORIZONTAL_CS_CODE>"
    return f"<a><Tile_Geocoding>{code}{sizes}{places}</Tile_Geocoding></a>".encode()


def test_the_ground_of_a_tile():
    assert read_extent(PATH, metadata()) == TileExtent("EPSG:32633", 300_000, 5_400_000, 109_800)
    assert read_extent(PATH, b"<a/>") is None


def test_all_real_tiles(shared_data: Path):
    files = list((shared_data / "s2_metadata").rglob("MTD_TL.xml"))
    extents = [read_extent(file, file.read_bytes()) for file in files]
    assert len([extent for extent in extents if extent is not None]) >= 10
    assert {extent.side_m for extent in extents if extent is not None} == {109_800}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (metadata(rows=10_981), "a damaged Tile_Geocoding"),
        (metadata(side="549000"), "a damaged Tile_Geocoding"),
        (metadata(side="x"), "a damaged Tile_Geocoding"),
        (metadata(ulx="nowhere"), "a damaged Tile_Geocoding"),
        (b"<a><Tile_Geocoding/></a>", "a damaged Tile_Geocoding"),
        (metadata(ulx="1e9"), "claims a tile of 109800 m"),
        (metadata(ulx="nan"), "claims a tile of|a damaged Tile_Geocoding"),
        (metadata(crs="EPSG:4326"), "in EPSG:4326; expected"),
        (metadata(crs="EPSG:32661"), "in EPSG:32661; expected"),
        (metadata(crs=""), "expected at most"),
        (b"<a>", "not valid XML"),
    ],
)
def test_what_no_tile_is(content: bytes, message: str):
    with pytest.raises(ProductError, match=message):
        read_extent(PATH, content)
