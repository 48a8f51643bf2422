"""What a store holds: kinds of values, whether each is what was written, and a checksum of everything."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field

from reben.core.backscatter import implausibility
from reben.core.bands import BANDS, S1_BANDS
from reben.core.errors import StoreError
from reben.io.store.checksums import crc32
from reben.io.store.reader import Store
from reben.io.store.values import Layout, Value, parse_header, tensor_view
from reben.work.progress import Advance, unseen

_MOST_SHOWN = 20


@dataclass(slots=True)
class Contents:
    """Of a store."""

    values: int = 0
    nbytes: int = 0
    """Of all values together."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Values per layout; a layout is described by its tensors."""
    damaged: dict[str, str] = field(default_factory=dict)
    """Key and error of the first values that cannot be read, or hold what is not backscatter."""
    damaged_count: int = 0
    checked: int = 0
    """Values that were compared with the checksums that the store keeps; fewer than all in stores of before 0.2."""
    sha256: str = ""
    """Of all keys and values in their order; equal for equal contents, however the store was written."""


def read_contents(store: Store, *, progress: Advance = unseen) -> Contents:
    """Read every value once.

    Args:
        store: any store.
        progress: called with the number of values just read.

    Raises:
        StoreError: if the store itself is damaged.
    """
    contents, digest = Contents(), hashlib.sha256()
    described: dict[int, str] = {}
    for key, expected in store.checksums():
        value = store.buffer(key)
        digest.update(key.encode() + b"\0" + len(value).to_bytes(8, "little"))
        digest.update(value)
        contents.checked += expected is not None
        try:
            layout = _checked(value, expected)
            contents.kinds[described.setdefault(id(layout), describe(layout))] += 1
            _expect_backscatter(value, layout)
        except StoreError as error:
            contents.damaged_count += 1
            if len(contents.damaged) < _MOST_SHOWN:
                contents.damaged[key] = str(error)
        contents.values += 1
        contents.nbytes += len(value)
        progress(1)
    contents.sha256 = digest.hexdigest()
    return contents


def _checked(value: memoryview, expected: int | None) -> Layout:
    """Layout of a value that is what was written.

    Raises:
        StoreError: if it has another checksum than it had, or is not a safetensors value.
    """
    if expected is not None and crc32(value) != expected:
        raise StoreError("has changed since it was written (its CRC-32 is wrong)")
    return parse_header(value)


def _expect_backscatter(value: Value, layout: Layout) -> None:
    """Check the tensors that are called as Sentinel-1's bands are.

    Raises:
        StoreError: if a pixel is not a number, or cannot be in dB.
    """
    for name in S1_BANDS:
        place = layout.get(name)
        if place is not None and place.dtype == BANDS[name].numpy_dtype and 0 not in place.shape:
            wrong = implausibility(tensor_view(value, place))
            if wrong is not None:
                raise StoreError(f"{name} {wrong}")


def describe(layout: Layout) -> str:
    """Tensors of a value, such as `VH VV: 120 x 120 float32`; those of one size together."""
    sizes: dict[str, list[str]] = {}
    for name, place in layout.items():
        sizes.setdefault(f"{' x '.join(map(str, place.shape))} {place.dtype.name}", []).append(name)
    return "; ".join(f"{_shortened(names)}: {size}" for size, names in sizes.items()) or "nothing"


def _shortened(names: list[str]) -> str:
    many = 16
    return " ".join(names) if len(names) <= many else f"{names[0]} ... {names[-1]} ({len(names)} tensors)"
