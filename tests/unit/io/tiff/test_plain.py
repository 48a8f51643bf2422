import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reben.core.errors import RasterError
from reben.io.tiff import plain as plain_tiff

SHORT, LONG = 3, 4
WIDTH, HEIGHT, BITS, COMPRESSION, OFFSETS, SAMPLES, ROWS_PER_STRIP, LENGTHS, PREDICTOR, FORMAT = (
    256, 257, 258, 259, 273, 277, 278, 279, 317, 339
)  # fmt: skip
FILL_ORDER, TILE_WIDTH = 266, 322
DEFLATE = 8
PIXELS = np.arange(12, dtype="<u2").reshape(3, 4) * 1000

Entry = tuple[int, int, int, int]
"""Tag, type, count, value or offset."""


def tiff(pixels: bytes, changes: dict[int, Entry | None] | None = None, *, following: int = 0) -> bytes:
    """A TIFF of 3 x 4 uint16 pixels in one strip, with some entries of its directory changed, added or left out."""
    values = {
        WIDTH: 4,
        HEIGHT: 3,
        BITS: 16,
        COMPRESSION: 1,
        OFFSETS: 0,
        SAMPLES: 1,
        ROWS_PER_STRIP: 3,
        LENGTHS: len(pixels),
    }
    entries = {tag: (tag, LONG, 1, value) for tag, value in values.items()} | (changes or {})
    present = [entry for _, entry in sorted(entries.items()) if entry is not None]
    start = 8 + 2 + 12 * len(present) + 4
    present = [(*entry[:3], start) if entry == (OFFSETS, LONG, 1, 0) else entry for entry in present]
    directory = struct.pack("<H", len(present)) + b"".join(struct.pack("<HHII", *entry) for entry in present)
    return b"II*\0\x08\0\0\0" + directory + struct.pack("<I", following) + pixels


def decode(data: bytes) -> np.ndarray[tuple[int, int], np.dtype[np.generic]]:
    raster = plain_tiff.parse(data)
    assert raster is not None
    return np.frombuffer(raster.pixels(data), raster.dtype).reshape(raster.height, raster.width)


def longs(tag: int, value: int) -> dict[int, Entry | None]:
    return {tag: (tag, LONG, 1, value)}


def test_uncompressed_pixels_are_read() -> None:
    assert np.array_equal(decode(tiff(PIXELS.tobytes())), PIXELS)


def test_deflated_pixels_are_read() -> None:
    assert np.array_equal(decode(tiff(zlib.compress(PIXELS.tobytes()), longs(COMPRESSION, DEFLATE))), PIXELS)


def test_deflated_differences_are_summed_along_rows_and_wrap() -> None:
    falling = np.array([[5, 3, 65_535, 0]] * 3, "<u2")
    differences = np.diff(falling, axis=1, prepend=falling.dtype.type(0)).astype("<u2")
    data = tiff(zlib.compress(differences.tobytes()), longs(COMPRESSION, DEFLATE) | longs(PREDICTOR, 2))
    assert np.array_equal(decode(data), falling)


@pytest.mark.parametrize(
    ("sample_format", "bits", "dtype"),
    [(1, 8, "u1"), (1, 32, "<u4"), (2, 8, "i1"), (2, 16, "<i2"), (2, 32, "<i4"), (3, 32, "<f4"), (3, 64, "<f8")],
)
def test_sample_format_and_bits_make_the_data_type(sample_format: int, bits: int, dtype: str) -> None:
    pixels = PIXELS.astype(dtype)
    data = tiff(pixels.tobytes(), longs(FORMAT, sample_format) | longs(BITS, bits))
    assert decode(data).dtype == np.dtype(dtype)
    assert np.array_equal(decode(data), pixels)


@pytest.mark.parametrize("gap", [0, 5])
def test_strips_are_joined_wherever_they_lie(gap: int) -> None:
    """Two strips (of two rows and of one), first as GDAL lays them and then with a hole between."""
    table = 8 + 2 + 12 * 8 + 4
    first = table + 16
    strips = (
        struct.pack("<4I", first, first + 16 + gap, 16, 8) + PIXELS[:2].tobytes() + bytes(gap) + PIXELS[2:].tobytes()
    )
    changes = {OFFSETS: (OFFSETS, LONG, 2, table), LENGTHS: (LENGTHS, LONG, 2, table + 8)}
    assert np.array_equal(decode(tiff(strips, changes | longs(ROWS_PER_STRIP, 2))), PIXELS)


def test_files_of_one_band_are_told_apart_by_their_pixels() -> None:
    assert np.array_equal(decode(tiff(PIXELS.tobytes())), PIXELS)
    assert np.array_equal(decode(tiff((PIXELS + 1).tobytes())), PIXELS + 1)


def test_files_with_equal_directories_but_other_strip_tables_are_told_apart() -> None:
    table = 8 + 2 + 12 * 8 + 4
    first = table + 16
    changes = {OFFSETS: (OFFSETS, LONG, 2, table), LENGTHS: (LENGTHS, LONG, 2, table + 8)} | longs(ROWS_PER_STRIP, 2)
    upright = struct.pack("<4I", first, first + 16, 16, 8) + PIXELS.tobytes()
    swapped = struct.pack("<4I", first + 8, first, 16, 8) + PIXELS[2:].tobytes() + PIXELS[:2].tobytes()
    assert np.array_equal(decode(tiff(upright, changes)), PIXELS)
    assert np.array_equal(decode(tiff(swapped, changes)), PIXELS)


def test_uncompressed_pixels_are_not_copied() -> None:
    data = tiff(PIXELS.tobytes())
    raster = plain_tiff.parse(data)
    assert raster is not None
    assert np.shares_memory(np.frombuffer(raster.pixels(data), "u1"), np.frombuffer(data, "u1"))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(longs(SAMPLES, 3), id="three bands"),
        pytest.param(longs(BITS, 1), id="bits"),
        pytest.param(longs(BITS, 12), id="12 bits"),
        pytest.param({BITS: None}, id="no bits, which means 1"),
        pytest.param(longs(FORMAT, 5), id="complex"),
        pytest.param(longs(COMPRESSION, 5), id="LZW"),
        pytest.param(longs(COMPRESSION, 32_946), id="old DEFLATE"),
        pytest.param(longs(PREDICTOR, 2), id="differences without compression"),
        pytest.param(longs(COMPRESSION, DEFLATE) | longs(PREDICTOR, 3), id="floating-point predictor"),
        pytest.param(
            longs(COMPRESSION, DEFLATE) | longs(PREDICTOR, 2) | longs(BITS, 32) | longs(FORMAT, 3),
            id="differences of floats",
        ),
        pytest.param(longs(FILL_ORDER, 2), id="reversed bits"),
        pytest.param(longs(TILE_WIDTH, 16), id="tiles"),
        pytest.param(longs(WIDTH, 0), id="no width"),
        pytest.param({HEIGHT: None}, id="no height"),
        pytest.param({OFFSETS: None}, id="no strips"),
        pytest.param({LENGTHS: None}, id="no strip lengths"),
        pytest.param(longs(ROWS_PER_STRIP, 0), id="strips without rows"),
        pytest.param(longs(ROWS_PER_STRIP, 1), id="too few strips"),
        pytest.param(longs(LENGTHS, 23), id="too few bytes"),
        pytest.param(longs(LENGTHS, 25), id="too many bytes"),
        pytest.param(longs(WIDTH, 1 << 31) | longs(HEIGHT, 1 << 31), id="exabytes"),
        pytest.param(
            longs(WIDTH, 65_536) | longs(HEIGHT, 65_536) | longs(ROWS_PER_STRIP, 65_536) | longs(COMPRESSION, DEFLATE),
            id="four gigapixels",
        ),
        pytest.param({42112: (42112, 2, 3, 0x202020)}, id="GDAL's metadata"),
        pytest.param({WIDTH: (WIDTH, 1, 1, 4)}, id="type BYTE"),
        pytest.param({WIDTH: (WIDTH, 16, 1, 4)}, id="type LONG8"),
        pytest.param({OFFSETS: (OFFSETS, LONG, 0xFFFFFFFF, 8)}, id="4 billion strips"),
        pytest.param({OFFSETS: (OFFSETS, LONG, 1000, 8)}, id="strip table beyond the end"),
        pytest.param({OFFSETS: (OFFSETS, LONG, 2, 0xFFFFFFF0)}, id="strip table far outside"),
        *(pytest.param({tag: (tag, SHORT, 0, 0)}, id=f"no value of tag {tag}") for tag in (WIDTH, BITS, COMPRESSION)),
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_gdal(changes: dict[int, Entry | None]) -> None:
    assert plain_tiff.parse(tiff(PIXELS.tobytes(), changes)) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"II",
        b"II*\0\x08\0\0\0",
        b"II*\0\x08\0\0\0\xff\xff",
        b"MM\0*\0\0\0\x08" + bytes(100),
        b"II+\0\x08\0\0\0" + bytes(100),
        b"II*\0\xff\0\0\0" + bytes(400),
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        tiff(PIXELS.tobytes(), following=8),
    ],
    ids=["empty", "2 bytes", "header", "cut", "big-endian", "BigTIFF", "directory elsewhere", "PNG", "two images"],
)
def test_other_files_are_left_to_gdal(data: bytes) -> None:
    assert plain_tiff.parse(data) is None


def test_pixels_beyond_the_end_are_called_truncated() -> None:
    data = tiff(PIXELS.tobytes())[:-1]
    raster = plain_tiff.parse(data)
    assert raster is not None
    with pytest.raises(RasterError, match=f"truncated: has {len(data)} bytes.* end at byte {len(data) + 1}"):
        raster.pixels(data)


@pytest.mark.parametrize(
    ("strip", "message"),
    [
        (b"no zlib stream at all", "incorrect header check"),
        (zlib.compress(bytes(22)), "22 bytes instead of 24"),
        (zlib.compress(bytes(26)), "instead of 24"),
        (zlib.compress(bytes(range(0, 240, 10)))[:15], "instead of 24"),
    ],
    ids=["garbage", "too short", "too long", "cut"],
)
def test_damaged_deflate_is_refused(strip: bytes, message: str) -> None:
    data = tiff(strip, longs(COMPRESSION, DEFLATE))
    raster = plain_tiff.parse(data)
    assert raster is not None
    with pytest.raises(RasterError, match=f"compressed pixels are damaged.*{message}"):
        raster.pixels(data)


def test_deflate_bomb_does_not_fill_the_memory() -> None:
    data = tiff(zlib.compress(bytes(50_000_000)), longs(COMPRESSION, DEFLATE))
    raster = plain_tiff.parse(data)
    assert raster is not None
    tracemalloc.start()
    try:
        with pytest.raises(RasterError, match="damaged"):
            raster.pixels(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@given(st.data())
def test_damaged_bytes_never_raise_anything_but_raster_errors(data: st.DataObject) -> None:
    deflate = data.draw(st.booleans())
    whole = tiff(zlib.compress(PIXELS.tobytes()), longs(COMPRESSION, DEFLATE)) if deflate else tiff(PIXELS.tobytes())
    damaged = bytearray(whole)
    # Counts of the entries are left whole: the parametrised cases above cover them.
    free = [i for i in range(len(whole)) if not (10 <= i < 106 and (i - 10) % 12 in range(4, 8))]
    for place in data.draw(st.lists(st.sampled_from(free), min_size=1, max_size=4)):
        damaged[place] = data.draw(st.integers(0, 255))
    raster = plain_tiff.parse(bytes(damaged))
    if raster is not None:
        try:
            assert len(raster.pixels(bytes(damaged))) == raster.nbytes
        except RasterError as error:
            assert "truncated" in str(error) or "damaged" in str(error)  # noqa: PT017 - either outcome is right


@given(st.binary(max_size=300))
def test_garbage_behind_a_header_is_no_plain_tiff(garbage: bytes) -> None:
    assert plain_tiff.parse(b"II*\0\x08\0\0\0" + garbage) is None


def test_every_real_patch_file_is_plain(shared_data: Path) -> None:
    paths = list((shared_data / "patches").rglob("*.tif"))
    assert len(paths) > 100
    assert [path.name for path in paths if plain_tiff.parse(path.read_bytes()) is None] == []
