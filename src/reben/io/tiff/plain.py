"""A short and strict TIFF parser for what reBEN's patches are; everything else is left to GDAL.

It takes little-endian classic TIFF with one band in strips, of uint8 to float64 samples, uncompressed or (as the
reference maps are) DEFLATE with or without horizontal differencing. Opening such a file with GDAL costs some hundred
microseconds, reading it here some ten. `parse` answers None for any file that it does not understand completely.

Source: Adobe, TIFF Revision 6.0, sections 2, 8 and 14; TIFF Technical Note 2 (DEFLATE is compression 8).
"""

import struct
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from reben.core.errors import RasterError

_HEADER = b"II*\0\x08\0\0\0"  # little-endian classic TIFF, its directory right behind: what GDAL writes
_ENTRY = struct.Struct("<HHII")
_COUNT = struct.Struct("<H")
_NEXT = struct.Struct("<I")
_VALUE_FORMATS = {3: "H", 4: "I"}  # SHORT and LONG; the tags read here have no other type

_WIDTH, _HEIGHT, _BITS, _COMPRESSION = 256, 257, 258, 259
_STRIP_OFFSETS, _SAMPLES, _STRIP_LENGTHS, _PREDICTOR, _SAMPLE_FORMAT = 273, 277, 279, 317, 339
_FILL_ORDER, _ROWS_PER_STRIP = 266, 278
_TILE_WIDTH, _GDAL_METADATA = 322, 42112
_RELEVANT = frozenset(
    {
        _WIDTH,
        _HEIGHT,
        _BITS,
        _COMPRESSION,
        _STRIP_OFFSETS,
        _SAMPLES,
        _STRIP_LENGTHS,
        _PREDICTOR,
        _SAMPLE_FORMAT,
        _FILL_ORDER,
        _ROWS_PER_STRIP,
        _TILE_WIDTH,
    }
)
_NONE, _DEFLATE = 1, 8
_NO_PREDICTOR, _HORIZONTAL = 1, 2
_DTYPES = {
    (1, 8): "u1",
    (1, 16): "<u2",
    (1, 32): "<u4",
    (2, 8): "i1",
    (2, 16): "<i2",
    (2, 32): "<i4",
    (3, 32): "<f4",
    (3, 64): "<f8",
}
LARGEST_RASTER = 1 << 28
"""Bytes; what claims to be larger is not a patch."""
_MOST_STRIPS = 1 << 16

_Tags = dict[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class PlainTiff:
    """Where the pixels of a plain TIFF lie and what they are."""

    height: int
    width: int
    dtype: np.dtype[np.generic]
    strips: tuple[tuple[int, int], ...]
    """Offset and length of each strip in the file, in bytes."""
    rows_per_strip: int
    deflate: bool
    differenced: bool
    """Whether each pixel holds the difference to its left neighbour."""

    @property
    def nbytes(self) -> int:
        """Size of the decoded raster, in bytes."""
        return self.height * self.width * self.dtype.itemsize

    def pixels(self, data: bytes) -> memoryview:
        """Decoded pixels, row by row, little-endian.

        Args:
            data: the whole file.

        Raises:
            RasterError: if the file ends before the last strip, or its compressed data are damaged.
        """
        end = max(offset + length for offset, length in self.strips)
        if end > len(data):
            raise RasterError(f"truncated: has {len(data)} bytes, but its pixels end at byte {end}")
        if not self.deflate:
            return _join(memoryview(data), self.strips)
        return memoryview(self._inflate(data))

    def _inflate(self, data: bytes) -> bytes:
        limit = self.rows_per_strip * self.width * self.dtype.itemsize
        try:
            parts = [_decompress(data[offset : offset + length], limit) for offset, length in self.strips]
        except zlib.error as error:
            raise RasterError(f"its compressed pixels are damaged ({error})") from error
        raw = b"".join(parts)
        if len(raw) != self.nbytes:
            raise RasterError(f"its compressed pixels are damaged ({len(raw)} bytes instead of {self.nbytes})")
        if not self.differenced:
            return raw
        differences = np.frombuffer(raw, self.dtype).reshape(self.height, self.width)
        return np.cumsum(differences, axis=1, dtype=self.dtype).tobytes()


def parse(data: bytes) -> PlainTiff | None:
    """What the file `data` is, or None if it is anything but a plain, one-band TIFF.

    The patches of one band share their directory byte for byte, so that it is interpreted once: a later file needs only
    comparisons.

    Args:
        data: the file, or its beginning if that holds the whole directory.
    """
    try:
        directory = _directory(data)
        if directory is None:
            return None
        known = _known.get(directory)
        if known is not None and data[known.start : known.start + len(known.strip_table)] == known.strip_table:
            return known.raster
        tags, start, end = _read_tags(data, directory)
    except struct.error:
        return None
    raster = _interpret(tags)
    if raster is not None and not raster.deflate and len(_known) < _MOST_KNOWN:
        _known[directory] = _Known(start, data[start:end], raster)
    return raster


class _Known(NamedTuple):
    """A directory that was interpreted before."""

    start: int
    """Byte of the file at which the strip table begins."""
    strip_table: bytes
    raster: PlainTiff


_MOST_KNOWN = 256
_known: dict[bytes, _Known] = {}


def _directory(data: bytes) -> bytes | None:
    """Header and directory of the only image of a little-endian TIFF that begins with it; None if it is none.

    Raises:
        struct.error: if the directory lies outside of `data`.
    """
    if data[: len(_HEADER)] != _HEADER:
        return None
    (count,) = _COUNT.unpack_from(data, len(_HEADER))
    end = len(_HEADER) + _COUNT.size + _ENTRY.size * count
    return data[: end + _NEXT.size] if _NEXT.unpack_from(data, end) == (0,) else None


def _read_tags(data: bytes, directory: bytes) -> tuple[_Tags, int, int]:
    """Values of the tags that matter, and from which to which byte those lie that are too long for the directory.

    Raises:
        struct.error: if a value lies outside of `data`.
    """
    tags: _Tags = {}
    outside: list[tuple[int, int]] = []
    for tag, kind, number, value in _ENTRY.iter_unpack(directory[len(_HEADER) + _COUNT.size : -_NEXT.size]):
        if tag == _GDAL_METADATA:
            return {}, 0, 0  # it may hold a scale and an offset, which GDAL reads
        if tag not in _RELEVANT:
            continue
        if kind not in _VALUE_FORMATS or not 0 < number <= _MOST_STRIPS:
            return {}, 0, 0
        form = f"<{number}{_VALUE_FORMATS[kind]}"
        size = struct.calcsize(form)
        if size <= _NEXT.size:
            tags[tag] = struct.unpack_from(form, _NEXT.pack(value))
        else:
            tags[tag] = struct.unpack_from(form, data, value)
            outside.append((value, value + size))
    return tags, min((start for start, _ in outside), default=0), max((end for _, end in outside), default=0)


def _interpret(tags: _Tags) -> PlainTiff | None:
    def single(tag: int, default: int) -> int:
        return tags.get(tag, (default,))[0]

    width, height = single(_WIDTH, 0), single(_HEIGHT, 0)
    dtype = _DTYPES.get((single(_SAMPLE_FORMAT, 1), single(_BITS, 1)))
    compression, predictor = single(_COMPRESSION, _NONE), single(_PREDICTOR, _NO_PREDICTOR)
    offsets, lengths = tags.get(_STRIP_OFFSETS, ()), tags.get(_STRIP_LENGTHS, ())
    rows_per_strip = min(single(_ROWS_PER_STRIP, height), height)
    plain = (
        width > 0
        and height > 0
        and dtype is not None
        and single(_SAMPLES, 1) == 1
        and single(_FILL_ORDER, 1) == 1
        and _TILE_WIDTH not in tags
        and compression in (_NONE, _DEFLATE)
        and rows_per_strip > 0
        and all(lengths)  # a strip that was left out stands for zeros
        and len(offsets) == len(lengths) == -(-height // rows_per_strip)
    )
    if not plain or dtype is None:
        return None
    raster = PlainTiff(
        height=height,
        width=width,
        dtype=np.dtype(dtype),
        strips=tuple(zip(offsets, lengths, strict=True)),
        rows_per_strip=rows_per_strip,
        deflate=compression == _DEFLATE,
        differenced=predictor == _HORIZONTAL,
    )
    understood = predictor == _NO_PREDICTOR or (raster.deflate and raster.differenced and raster.dtype.kind in "ui")
    complete = raster.deflate or sum(lengths) == raster.nbytes
    return raster if understood and complete and raster.nbytes <= LARGEST_RASTER else None


def _join(data: memoryview, strips: tuple[tuple[int, int], ...]) -> memoryview:
    """The strips one after the other, without a copy where they lie that way in the file."""
    if all(first + length == second for (first, length), (second, _) in pairwise(strips)):
        return data[strips[0][0] : strips[-1][0] + strips[-1][1]]
    return memoryview(b"".join(data[offset : offset + length] for offset, length in strips))


def _decompress(strip: bytes, limit: int) -> bytes:
    """Inflate at most `limit` bytes, so that a hostile file cannot fill the memory."""
    return zlib.decompressobj().decompress(strip, limit + 1)
