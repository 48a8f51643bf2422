"""Patches as the store has them: all bands of a sensor in one row of memory, at native resolution.

Copying a whole value takes a tenth of the time of picking its bands; the bands are then views of the copy.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import IMAGE_RESOLUTION_M, Band
from reben.core.errors import BandError, StoreError
from reben.data.stored_bands import is_foreign
from reben.io.store import Layout, Store, parse_header


@dataclass(frozen=True)
class SensorLayout:
    """Where the bands of one sensor lie in a row of raw pixels."""

    sensor: str
    dtype: np.dtype[Any]
    pixels: int
    """Of a whole row."""
    header: bytes
    """With which a value of this layout begins."""
    bands: tuple[Band, ...]
    channels: NDArray[np.int64]
    """Channel of each band in an image."""
    offsets: NDArray[np.int64]
    """First pixel of each band in a row."""
    sides: NDArray[np.int64]
    """Pixels along a side of each band."""


def read_layout(store: Store, key: str, sensor: str, bands: Sequence[Band]) -> SensorLayout:
    """Layout of the values of a sensor, taken from one of them.

    Args:
        store: where the value is.
        key: of the value.
        sensor: `s1` or `s2`.
        bands: of the images; those of other sensors only count for the channels.

    Raises:
        KeyNotFoundError: if there is no such value.
        StoreError: if it lacks a band, or is not a safetensors value.
        BandError: if a band is not square or has another data type.
    """
    value = store.buffer(key)
    channels = [channel for channel, band in enumerate(bands) if band.sensor == sensor]
    own = tuple(bands[channel] for channel in channels)
    try:
        layout = parse_header(value)
        start = next(iter(layout.values())).offset if layout else 0
        places = [_place(layout, band, start) for band in own]
    except StoreError as error:
        raise StoreError(f"{store.path}, key {key!r}: {error}") from error
    dtype = own[0].numpy_dtype
    return SensorLayout(
        sensor,
        dtype,
        (len(value) - start) // dtype.itemsize,
        bytes(value[:start]),
        own,
        np.array(channels),
        np.array([offset for offset, _ in places]),
        np.array([side for _, side in places]),
    )


def most_common_key(store: Store, keys: Sequence[str]) -> str:
    """One of the keys whose value has the layout that most of them have; the earliest one.

    Args:
        store: where the values are.
        keys: at least one; those that the store lacks do not count.
    """
    store.fetch(keys)
    lengths = {key: len(store.buffer(key)) for key in keys if key in store}
    counts = Counter(lengths.values())
    return max(lengths, key=lambda key: counts[lengths[key]], default=keys[0])


def _place(layout: Layout, band: Band, start: int) -> tuple[int, int]:
    """First pixel and side of a band.

    Raises:
        StoreError: if there is no such band.
        BandError: if it is not square or has another data type.
    """
    if band.name not in layout:
        raise StoreError(f"has no tensor {band.name!r}; expected one of {', '.join(layout)}")
    place = layout[band.name]
    if place.dtype != band.numpy_dtype or len(place.shape) != 2 or place.shape[0] != place.shape[1]:  # noqa: PLR2004
        raise BandError(
            f"{band.name} has {' x '.join(map(str, place.shape))} pixels of {place.dtype.name}; "
            f"expected a square of {band.dtype}"
        )
    return (place.offset - start) // place.dtype.itemsize, place.shape[0]


def image_side_px(layouts: Sequence[SensorLayout]) -> int:
    """Side of the images that these bands make.

    Raises:
        BandError: if the bands do not fit together.
    """
    first, resolution_m = layouts[0], layouts[0].bands[0].resolution_m
    side = int(first.sides[0]) * resolution_m // IMAGE_RESOLUTION_M
    for layout in layouts:
        for band_side in layout.sides.tolist():
            if side % band_side:
                raise BandError(
                    f"a band of {band_side} x {band_side} pixels cannot be upsampled to {side} x {side} pixels",
                    hint="all patches of a store must have the same size",
                )
    return side


@dataclass(frozen=True, slots=True)
class Located:
    """Where the raw pixels of some patches are."""

    addresses: NDArray[np.int64]
    """Of the first raw pixel of each patch, shape (B,)."""
    owners: list[Any]
    """Keep the memory alive."""


def locate(store: Store, keys: Sequence[str], layout: SensorLayout) -> Located:
    """Find values in the store's map; those of another layout are brought into this one first.

    Args:
        store: where the values are.
        keys: shape (B,).
        layout: that the raw pixels must have.

    Raises:
        KeyNotFoundError: if a value is missing.
        StoreError: if one lacks a band.
        BandError: if one has another size.
    """
    start, header, nbytes = (
        len(layout.header),
        layout.header,
        len(layout.header) + layout.pixels * layout.dtype.itemsize,
    )
    addresses = np.empty(len(keys), np.int64)
    owners: list[Any] = [store.memory()]
    store.fetch(keys)
    for number, key in enumerate(keys):
        value = store.buffer(key)
        if value[:start] == header and len(value) == nbytes:
            addresses[number] = _address(value) + start
            owners.append(value)  # of a store at an address it is memory of its own
        else:
            row = _in_layout(store, key, layout)
            owners.append(row)
            addresses[number] = _address(row)
    return Located(addresses, owners)


def _address(memory: memoryview | NDArray[Any]) -> int:
    return int(np.frombuffer(memory, np.uint8).__array_interface__["data"][0])


def _in_layout(store: Store, key: str, layout: SensorLayout) -> NDArray[Any]:
    """Raw pixels of a value whose tensors lie in another order, or have another size."""
    if any(map(is_foreign, layout.bands)):
        return _fitted(store, key, layout)
    other = read_layout(store, key, layout.sensor, layout.bands)
    pixels = np.frombuffer(store.buffer(key), layout.dtype, other.pixels, len(other.header))
    row = np.zeros(layout.pixels, layout.dtype)
    for band, here, there, side, other_side in zip(
        layout.bands, layout.offsets, other.offsets, layout.sides, other.sides, strict=True
    ):
        if side != other_side:
            raise BandError(
                f"{store.path}, key {key!r}: {band.name} has {other_side} x {other_side} pixels; "
                f"the first patch has {side} x {side}",
                hint="all patches of a store must have the same size",
            )
        row[here : here + side * side] = pixels[there : there + side * side]
    return row


def _fitted(store: Store, key: str, layout: SensorLayout) -> NDArray[Any]:
    """Raw pixels of a value of another data set, cut or padded to the sides of the layout around their middle.

    Some data sets, such as UC Merced, have images of slightly varying size. Pixels that are missing at an edge are
    copies of the nearest ones.
    """
    row = np.zeros(layout.pixels, layout.dtype)
    tensors = store.tensors(key, tuple(band.name for band in layout.bands))
    for band, tensor, offset, side in zip(layout.bands, tensors, layout.offsets, layout.sides, strict=True):
        if tensor.dtype != layout.dtype or tensor.ndim != 2 or 0 in tensor.shape:  # noqa: PLR2004 - rows, columns
            raise BandError(f"{store.path}, key {key!r}: {band.name} is not a raster of {layout.dtype.name}")
        rows, columns = (_around_the_middle(length, int(side)) for length in tensor.shape)
        row[offset : offset + side * side] = tensor[np.ix_(rows, columns)].ravel()
    return row


def _around_the_middle(length: int, wanted: int) -> NDArray[np.int64]:
    """Indices of `wanted` pixels around the middle of `length` pixels, those beyond an edge repeating it."""
    return np.clip(np.arange(wanted) + (length - wanted) // 2, 0, length - 1)
