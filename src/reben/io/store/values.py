"""Values of a store: safetensors byte strings, written from raw band bytes and read as views.

Source: the safetensors format (https://huggingface.co/docs/safetensors): an unsigned 64-bit little-endian header
length, the header as JSON, then the tensors' bytes, little-endian and row by row.
"""

import struct
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from reben.core.errors import StoreError
from reben.core.names import REFERENCE_MAP_SUFFIX
from reben.io.small_files import parse_json

REFERENCE_MAP_TENSOR = "Data"
"""Name of the only tensor of a reference map."""

DATA_FILE = "data.mdb"
"""In the folder of a store, as LMDB calls it."""
LONGEST_KEY = 511
"""LMDB's limit, in bytes."""

_LENGTH = struct.Struct("<Q")
_LONGEST_HEADER = 1 << 20  # bytes; a value of 224 bands needs some 20,000
_MOST_LAYOUTS = 1024
_MOST_AXES = 32
_LONGEST_SIDE = 1 << 31
_DTYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I8": "|i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
}


def reference_map_key(patch_id: str) -> str:
    """Key of a patch's reference map."""
    return patch_id + REFERENCE_MAP_SUFFIX


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name, shape and data type of one tensor of a value."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        """Size of the tensor, in bytes."""
        return prod(self.shape) * self.dtype.itemsize


def header(tensors: tuple[TensorSpec, ...]) -> tuple[bytes, tuple[str, ...]]:
    """First bytes of every value that holds these tensors, and the order in which the tensors' bytes follow.

    The safetensors library itself writes the header, once per layout; a value is then header + bytes, with no further
    copy or parsing.

    Raises:
        StoreError: if two tensors have the same name.
    """
    names = [tensor.name for tensor in tensors]
    if len(set(names)) < len(names):
        raise StoreError(f"tensors {', '.join(map(repr, names))}: one of them is given twice")
    empty = save({tensor.name: np.zeros(tensor.shape, tensor.dtype) for tensor in tensors})
    layout = parse_header(empty)
    order = sorted(tensors, key=lambda tensor: layout[tensor.name].offset)
    return bytes(empty[: len(empty) - sum(tensor.nbytes for tensor in tensors)]), tuple(t.name for t in order)


@dataclass(frozen=True, slots=True)
class TensorPlace:
    """Where one tensor lies in a value."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    """From the first byte of the value."""
    nbytes: int


Value = bytes | memoryview | NDArray[np.uint8]
"""Bytes of a value, wherever they are."""

Layout = dict[str, TensorPlace]
"""The tensors of a value by name, in the order in which their bytes lie."""

_layouts: dict[bytes, Layout] = {}


def parse_header(value: Value) -> Layout:
    """Layout of a value; each distinct header is parsed once per process.

    Raises:
        StoreError: if the bytes are not safetensors values, or end too early.
    """
    raw = _raw_header(value)
    layout = _layouts.get(raw)
    if layout is None:
        layout = _parse(raw)
        if len(_layouts) >= _MOST_LAYOUTS:
            _layouts.clear()
        _layouts[raw] = layout
    last = next(reversed(layout.values()), None)
    end = len(raw) if last is None else last.offset + last.nbytes
    if end != len(value):
        raise StoreError(f"value has {len(value)} bytes; its header describes {end}")
    return layout


def tensor_view(value: Any, place: TensorPlace) -> NDArray[Any]:  # noqa: ANN401 - anything with the buffer protocol
    """The tensor at `place`, without a copy; it keeps `value` alive."""
    return np.ndarray(place.shape, place.dtype, value, place.offset)


def _raw_header(value: Value) -> bytes:
    """Length and header of a value.

    Raises:
        StoreError: if there is no whole header.
    """
    if len(value) < _LENGTH.size:
        raise StoreError(f"value has {len(value)} bytes: too short for a safetensors header")
    (length,) = _LENGTH.unpack(bytes(value[: _LENGTH.size]))
    if length > min(_LONGEST_HEADER, len(value) - _LENGTH.size):
        raise StoreError(f"value of {len(value)} bytes claims a safetensors header of {length} bytes")
    return bytes(value[: _LENGTH.size + length])


def _parse(raw: bytes) -> Layout:
    """Layout from length and header.

    Raises:
        StoreError: if the header is not a valid safetensors header.
    """
    try:
        entries = parse_json(raw[_LENGTH.size :])
        entries.pop("__metadata__", None)
        places = {name: _place(entry, len(raw)) for name, entry in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise StoreError(f"value has no valid safetensors header ({error!r})") from error
    layout = dict(sorted(places.items(), key=lambda item: (item[1].offset, item[1].nbytes)))
    end = len(raw)
    for name, place in layout.items():
        if place.offset != end or place.nbytes != prod(place.shape) * place.dtype.itemsize:
            raise StoreError(f"tensor {name!r}: offsets in the safetensors header do not fit its shape and data type")
        end += place.nbytes
    return layout


def _place(entry: dict[str, Any], start: int) -> TensorPlace:
    dtype = np.dtype(_DTYPES[entry["dtype"]])
    first, last = map(int, entry["data_offsets"])
    shape = tuple(map(int, entry["shape"]))
    if len(shape) > _MOST_AXES or not all(0 <= side <= _LONGEST_SIDE for side in shape):
        raise ValueError(f"impossible shape {shape}")
    return TensorPlace(shape, dtype, start + first, last - first)
