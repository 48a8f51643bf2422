"""Compiled loops over raw bands, straight out of the store's memory map; they run without the interpreter's lock.

Each output pixel is written once, from the raw pixel: conversion, normalisation, upsampling and flips in one pass over
memory. NumPy, as in `images`, which defines what is computed, needs a pass for each, and takes several times as long.

Values are given by their addresses: telling a batch's worth of numbers takes the interpreter a tenth of the time of
making arrays. Whoever calls this keeps the memory alive, and has checked its size.
"""

from typing import Any

import numpy as np
from numba import carray, njit, types  # type: ignore[attr-defined]
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray


@intrinsic
def _pointer(_context: Any, address: Any) -> Any:
    """An address as a pointer that `carray` takes."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], cgutils.voidptr_t)

    return types.voidptr(address), generate


_memcpy = types.ExternalFunction("memcpy", types.intp(types.intp, types.intp, types.uintp))
"""The C library's; addresses are as wide as pointers."""


@njit(nogil=True, cache=True)
def copy_rows(addresses: NDArray[np.int64], rows: NDArray[Any]) -> None:
    """Copy memory at some addresses into rows.

    Args:
        addresses: shape (B,); at each there is as much as a row takes.
        rows: shape (B, n), contiguous.
    """
    row_bytes = rows.shape[1] * rows.itemsize
    for number in range(len(addresses)):
        _memcpy(rows.ctypes.data + number * row_bytes, addresses[number], row_bytes)


@njit(nogil=True, cache=True)
def first_damaged(addresses: NDArray[np.int64], pixels: int) -> int:
    """Number of the first row of float32 pixels with a NaN or an infinite value; -1 if there is none.

    Such values have all bits of the exponent set. Looking at bits takes a fraction of the time of comparing floats.

    Args:
        addresses: of the rows, shape (B,).
        pixels: in each row.
    """
    exponent = np.uint32(0x7F800000)
    for number in range(len(addresses)):
        bits = carray(_pointer(addresses[number]), pixels, np.uint32)  # type: ignore[call-arg]
        largest = np.uint32(0)
        for pixel in range(pixels):
            largest = max(largest, bits[pixel] & exponent)
        if largest == exponent:
            return number
    return -1


@njit(nogil=True, cache=True)
def _fill_row(
    row: Any,
    factor: int,
    mean: Any,
    scale: Any,
    reverse: bool,
    out: Any,
) -> None:
    """Write one row of pixels, each `factor` times."""
    pixels = len(row)
    for column in range(pixels):
        value = (np.float32(row[pixels - 1 - column if reverse else column]) - mean) * scale
        for repetition in range(factor):
            out[column * factor + repetition] = value


@njit(nogil=True, cache=True)
def fill_images(
    addresses: NDArray[np.int64],
    like: NDArray[Any],
    offsets: NDArray[np.int64],
    sides: NDArray[np.int64],
    channels: NDArray[np.int64],
    mean: NDArray[np.float32],
    scale: NDArray[np.float32],
    flips: NDArray[np.bool_],
    images: NDArray[np.float32],
) -> None:
    """Write `(pixel - mean) * scale` of some bands into images, upsampled by nearest neighbour and flipped.

    Args:
        addresses: of the raw pixels of one sensor, shape (B,).
        like: an empty array of their data type.
        offsets: where in the raw pixels each band begins, shape (bands,).
        sides: pixels along a side of each band; divide the side of the images.
        channels: channel of each band in the images.
        mean: of each band.
        scale: 1 / standard deviation of each band.
        flips: horizontal, vertical of each patch, shape (B, 2).
        images: shape (B, C, H, W).
    """
    end = (offsets + sides**2).max()
    for patch in range(images.shape[0]):
        raw = carray(_pointer(addresses[patch]), end, like.dtype)  # type: ignore[call-arg]
        for band in range(len(channels)):
            side = sides[band]
            factor = images.shape[3] // side
            image = images[patch, channels[band]]
            for row in range(side):
                first = offsets[band] + (side - 1 - row if flips[patch, 1] else row) * side
                target = image[row * factor]
                pixels = raw[first : first + side]
                if factor == 1:  # loops of their own, which the compiler turns into vector instructions
                    _fill_row(pixels, 1, mean[band], scale[band], flips[patch, 0], target)
                elif factor == 2:  # noqa: PLR2004 - as above
                    _fill_row(pixels, 2, mean[band], scale[band], flips[patch, 0], target)
                else:
                    _fill_row(pixels, factor, mean[band], scale[band], flips[patch, 0], target)
                for repetition in range(1, factor):
                    image[row * factor + repetition] = target
