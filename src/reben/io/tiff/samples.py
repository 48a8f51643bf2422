"""Whether a TIFF's samples can be what it says.

GDAL takes complex numbers of 16 bits, and samples that are undefined by their own word, for whole numbers.

Source: Adobe, TIFF Revision 6.0, SampleFormat (tag 339) and BitsPerSample (258); BigTIFF.
"""

import os
import struct
from contextlib import suppress
from typing import IO

from reben.core.errors import RasterError

_BITS, _SAMPLE_FORMAT = 258, 339
_ORDERS = {b"II": "<", b"MM": ">"}
_SHORT = 3
_MOST_ENTRIES, _MOST_SAMPLES = 4_096, 1 << 16
_POSSIBLE_BITS = {
    1: frozenset(range(1, 65)),  # unsigned
    2: frozenset((8, 16, 32, 64)),  # signed
    3: frozenset((16, 24, 32, 64)),  # floating point
    5: frozenset((32, 64, 128)),  # complex whole
    6: frozenset((32, 64, 128)),  # complex floating point
}
"""Bits of a sample per sample format; 4 is undefined."""


def expect_possible_samples(path: str | os.PathLike[str]) -> None:
    """Check sample format and bits of the first image of a file; what is not a TIFF at all is left to others.

    Raises:
        RasterError: if they contradict each other, or the samples of a pixel differ.
    """
    with suppress(OSError), open(path, "rb") as file:  # noqa: PTH123 - paths are strings for speed
        expect_possible_samples_in(file, os.fspath(path))


def expect_possible_samples_in(file: IO[bytes], name: str) -> None:
    """The same for a file that is open, or in memory.

    Raises:
        RasterError: see `expect_possible_samples`.
    """
    try:
        tags = _read_tags(file)
    except (OSError, struct.error, ValueError):
        return  # whoever opens it says what is wrong
    formats, bits = set(tags.get(_SAMPLE_FORMAT, (1,))), set(tags.get(_BITS, (1,)))
    possible = len(formats) == len(bits) == 1 and next(iter(bits)) in _POSSIBLE_BITS.get(next(iter(formats)), ())
    if not possible:
        raise RasterError(
            f"{name}: has the sample format {_listed(formats)} with {_listed(bits)} bits, which is not data "
            "type; expected whole numbers (1, 2) or floating point (3)",
            hint="write the file again",
        )


def _read_tags(file: IO[bytes]) -> dict[int, tuple[int, ...]]:
    """Values of both tags.

    Raises:
        struct.error, ValueError: if it is not a TIFF.
    """
    start = file.read(16)
    order = _ORDERS.get(start[:2])
    version = 0 if order is None else struct.unpack_from(f"{order}H", start, 2)[0]
    if version == 42:  # noqa: PLR2004 - by which TIFF is known
        directory, count_form, entry = struct.unpack_from(f"{order}I", start, 4)[0], f"{order}H", f"{order}HHI4s"
    elif version == 43:  # noqa: PLR2004 - BigTIFF
        directory, count_form, entry = struct.unpack_from(f"{order}Q", start, 8)[0], f"{order}Q", f"{order}HHQ8s"
    else:
        raise ValueError("no TIFF")
    file.seek(directory)
    (count,) = struct.unpack(count_form, file.read(struct.calcsize(count_form)))
    if count > _MOST_ENTRIES:
        raise ValueError("a directory without end")
    raw = file.read(count * struct.calcsize(entry))
    return {
        tag: _shorts(file, f"{order}", number, value)
        for tag, kind, number, value in struct.iter_unpack(entry, raw)
        if tag in {_BITS, _SAMPLE_FORMAT} and kind == _SHORT
    }


def _shorts(file: IO[bytes], order: str, number: int, value: bytes) -> tuple[int, ...]:
    form = f"{order}{min(number, _MOST_SAMPLES)}H"
    if struct.calcsize(form) > len(value):
        file.seek(struct.unpack(f"{order}{'I' if len(value) == 4 else 'Q'}", value)[0])  # noqa: PLR2004 - bytes
        value = file.read(struct.calcsize(form))
    return struct.unpack_from(form, value)


def _listed(values: set[int]) -> str:
    return " and ".join(map(str, sorted(values)[:4]))
