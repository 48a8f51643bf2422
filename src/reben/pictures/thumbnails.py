"""Patches as small true-colour PNG files, made without a drawing library: hubs show them beside labels."""

import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.pictures.rendering import rgb_of, true_colour

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_BYTE_DEPTH, _RGB = 8, 2
_CHANNELS = 3


def thumbnail(patch_id: str, tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """A patch in true colour, with one stretch for all patches.

    Args:
        patch_id: for messages.
        tensors: bands by name.

    Raises:
        BandError: if the patch has no red, green or blue band.
    """
    return as_png(true_colour(rgb_of(patch_id, tensors)))


def as_png(colours: NDArray[np.float64]) -> bytes:
    """A PNG file of colours with parts from 0 to 1, shape (rows, columns, 3)."""
    return png((colours * 255).round().astype(np.uint8))


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file.

    Source: PNG specification, third edition (https://www.w3.org/TR/png-3/); every row is stored as it is (filter 0).

    Args:
        pixels: red, green, blue; shape (rows, columns, 3).
    """
    rows, columns, _ = pixels.shape
    lines = np.zeros((rows, 1 + columns * _CHANNELS), np.uint8)
    lines[:, 1:] = pixels.reshape(rows, -1)
    header = struct.pack(">IIBBBBB", columns, rows, _BYTE_DEPTH, _RGB, 0, 0, 0)
    content = zlib.compress(lines.tobytes(), 6)
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", content) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
