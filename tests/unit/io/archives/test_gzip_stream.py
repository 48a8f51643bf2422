import gzip
import random

import pytest

from reben.core.errors import ArchiveError
from reben.io.archives import gzip_stream

TEXT = random.Random(1).randbytes(50_000) + bytes(3_000_000)  # noqa: S311 - it need not be secret


def decoded(data: bytes, step: int = 1_000) -> bytes:
    return b"".join(gzip_stream.decode(data[at : at + step] for at in range(0, len(data), step)))


@pytest.mark.parametrize("step", [1, 1_000, 1 << 20])
def test_members_are_read_one_after_the_other(step: int):
    data = gzip.compress(TEXT) + gzip.compress(b"more") + gzip.compress(b"")
    assert decoded(data, step) == TEXT + b"more"


@pytest.mark.parametrize("cut", [0, 1, 5, 17, 1_000, 50_000, -1, -8])
def test_a_stream_that_is_cut_short_is_an_error(cut: int):
    with pytest.raises(ArchiveError, match="ends in the middle"):
        decoded(gzip.compress(TEXT)[:cut])


@pytest.mark.parametrize("place", [0, 3, 20_000, -6, -1])
def test_a_damaged_stream_is_an_error(place: int):
    data = bytearray(gzip.compress(TEXT))
    data[place] ^= 0xFF
    with pytest.raises(ArchiveError):
        decoded(bytes(data))


def test_what_follows_a_member_must_be_one():
    with pytest.raises(ArchiveError, match="not gzip"):
        decoded(gzip.compress(TEXT) + b"something else")


def test_a_stream_that_decodes_to_far_too_much_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(gzip_stream, "_FREE_TEXT", 1 << 20)
    monkeypatch.setattr(gzip_stream, "_MOST_RATIO", 10)
    with pytest.raises(ArchiveError, match="decodes to"):
        decoded(gzip.compress(bytes(20_000_000)))
