import random
import subprocess
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest

from reben.core.errors import ArchiveError
from reben.io.archives import zstd_stream
from reben.io.archives.zstd_stream import START, Entry, decode

MIB = 1 << 20


def made_text(mebibytes: int) -> bytes:
    """Text that refers back over all distances: pieces of what came before, and something new."""
    draw = random.Random(7)  # noqa: S311 - it need not be secret
    text = bytearray(draw.randbytes(MIB))
    while len(text) < mebibytes * MIB:
        if draw.random() < 0.7:
            start = draw.randrange(len(text))
            text += text[start : start + draw.randrange(4, 2_000)]
        else:
            text += bytes(draw.choices(b"abcdefgh", k=draw.randrange(1, 300)))
    return bytes(text[: mebibytes * MIB])


TEXT = made_text(20)


def compressed(text: bytes, *options: str) -> bytes:
    return subprocess.run(["zstd", "-q", "-c", *options], input=text, capture_output=True, check=True).stdout


def in_chunks(data: bytes, step: int = 100_003) -> Iterator[bytes]:
    return (data[at : at + step] for at in range(0, len(data), step))


def read(data: bytes, entry: Entry = START, *, distance: int = MIB) -> tuple[bytes, list[Entry]]:
    items = list(decode(in_chunks(data[entry.position :]), entry, distance=distance))
    return b"".join(i for i in items if isinstance(i, bytes)), [i for i in items if isinstance(i, Entry)]


@pytest.mark.parametrize(
    ("options", "least"),
    [
        (("-6", "--threads=2"), 2),
        (("-6", "-T0"), 2),
        (("-1", "--threads=2"), 2),
        (("-3", "--threads=2", "--no-check"), 2),
        (("-12", "--threads=2"), 1),
        (("-6", "--single-thread"), 0),
        (("-6", "--threads=2", "--long=24"), 0),
        (("-6", "--threads=2", "-B1MiB"), 2),
    ],
    ids=str,
)
def test_every_entry_that_is_given_can_be_entered(options: Sequence[str], least: int):
    data = compressed(TEXT, *options)
    text, entries = read(data)
    assert text == TEXT
    assert len(entries) >= least
    for entry in entries:
        assert read(data, entry)[0] == TEXT[entry.text_position :]


def test_entries_lie_as_far_apart_as_is_asked_for():
    entries = read(compressed(TEXT, "-1", "--threads=2", "-B1MiB"), distance=4 * MIB)[1]
    assert entries
    places = [0, *(entry.text_position for entry in entries)]
    assert all(second - first >= 4 * MIB for first, second in pairwise(places))


def test_where_a_frame_begins_decoding_can_begin():
    pieces = [TEXT[: 3 * MIB], TEXT[3 * MIB : 5 * MIB], TEXT[5 * MIB : 6 * MIB]]
    data = b"".join(compressed(piece, "-3", "--single-thread") for piece in pieces)
    text, entries = read(data, distance=2 * MIB)
    assert text == TEXT[: 6 * MIB]
    assert [(e.text_position, e.window) for e in entries if not e.window] == [(3 * MIB, 0), (5 * MIB, 0)]
    for entry in entries:
        assert read(data, entry)[0] == text[entry.text_position :]


SMALL = compressed(TEXT[: 2 * MIB + 5], "-3")


@pytest.mark.parametrize("cut", [0, 3, 4, 6, 9, 12, 1_000, len(SMALL) // 2, -5, -4, -1])
def test_a_stream_that_is_cut_short_is_an_error(cut: int):
    with pytest.raises(ArchiveError, match="ends in the middle"):
        read(SMALL[:cut])


def test_a_damaged_byte_is_an_error_wherever_it_is():
    draw = random.Random(3)  # noqa: S311 - it need not be secret
    for _ in range(60):
        data = bytearray(SMALL)
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        try:
            text = read(bytes(data))[0]
        except ArchiveError:
            continue
        assert text == TEXT[: 2 * MIB + 5]  # a bit that says nothing, such as whether the size is stated


def test_what_follows_a_frame_must_be_one():
    with pytest.raises(ArchiveError, match="is not zstd"):
        read(SMALL + b"something else")


def test_an_entry_with_other_text_is_noticed_or_gives_other_text():
    data = compressed(TEXT, "-6", "--threads=2")
    entry = read(data)[1][0]
    wrong = Entry(entry.position, entry.text_position, entry.window, entry.has_checksum, b"x" * len(entry.text))
    assert read(data, wrong)[0] != TEXT[entry.text_position :]


def test_an_entry_at_another_place_is_an_error():
    data = compressed(TEXT, "-6", "--threads=2")
    entry = read(data)[1][0]
    with pytest.raises(ArchiveError):
        read(data, Entry(entry.position + 1, entry.text_position, entry.window, entry.has_checksum, entry.text))


def test_a_stream_made_to_fill_disks_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(zstd_stream, "_FREE_TEXT", MIB)
    with pytest.raises(ArchiveError, match="decodes to"):
        read(compressed(bytes(200 * MIB), "-19"))
