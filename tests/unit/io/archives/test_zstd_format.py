import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reben.core.errors import ArchiveError
from reben.io.archives.zstd_format import LARGEST_WINDOW, Input, frame_from_text, next_block, next_frame

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@given(st.lists(st.binary(max_size=20)), st.lists(st.integers(0, 30)))
def test_bytes_are_taken_across_chunks(chunks: list[bytes], sizes: list[int]):
    whole, source, at = b"".join(chunks), Input(iter(chunks)), 0
    for size in sizes:
        assert bytes(source.take(size)) == whole[at : at + size]
        at = min(at + size, len(whole))
        assert source.position == at


@pytest.mark.parametrize("log", [10, 17, 21, 27])
def test_the_window_is_read_as_it_was_set(log: int):
    parameters = {zstd.CompressionParameter.window_log: log}
    compressor = zstd.ZstdCompressor(options=parameters)
    data = compressor.compress(b"text") + compressor.flush()
    header = next_frame(Input(iter([data])))
    assert header is not None
    assert header.window == 1 << log


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_791, 65_792, 200_000])
def test_a_frame_of_one_segment_needs_its_content(size: int):
    source = Input(iter([zstd.compress(bytes(size))]))
    header = next_frame(source)
    assert header is not None
    assert header.window == max(size, 1_024)
    is_last = False
    while not is_last:
        _, is_last = next_block(source)
    assert next_frame(source) is None


def test_skippable_frames_are_left_out():
    skipped = (0x184D2A5F).to_bytes(4, "little") + (300_000).to_bytes(4, "little") + bytes(300_000)
    source = Input(iter([skipped, zstd.compress(b"text")]))
    header = next_frame(source)
    assert header is not None
    assert header.window == 1_024
    with pytest.raises(ArchiveError, match="ends in the middle"):
        next_frame(Input(iter([skipped[:-1]])))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"PK\x03\x04", "is not zstd"),
        (b"\x28\xb5", "ends in the middle"),
        (b"\x28\xb5\x2f\xfd", "ends in the middle"),
        (b"\x28\xb5\x2f\xfd\x01\x58\x07", "dictionary"),
        (b"\x28\xb5\x2f\xfd\x08\x58", "newer"),
        (b"\x28\xb5\x2f\xfd\x00\xff", "window"),
    ],
)
def test_other_data_are_refused(data: bytes, message: str):
    with pytest.raises(ArchiveError, match=message):
        next_frame(Input(iter([data])))


def test_a_block_longer_than_the_format_has_is_refused():
    with pytest.raises(ArchiveError, match="damaged"):
        next_block(Input(iter([((1 << 17) + 1 << 3).to_bytes(3, "little") + bytes(1 << 18)])))
    with pytest.raises(ArchiveError, match="damaged"):
        next_block(Input(iter([(3 << 1).to_bytes(3, "little")])))


@given(st.binary(max_size=5_000), st.integers(1_024, LARGEST_WINDOW))
def test_a_frame_made_of_text_decodes_to_it(text: bytes, window: int):
    decoder = zstd.ZstdDecompressor()
    assert decoder.decompress(frame_from_text(text[:window], window)) == text[:window]
    assert not decoder.eof
    assert decoder.decompress(b"\x01\x00\x00") == b""  # an empty last block
    assert decoder.eof
