"""What a value should be, told from its key: bands of Sentinel-2 or Sentinel-1, or a reference map."""

from collections.abc import Sequence

import numpy as np

from reben.core.bands import BANDS, S1_BANDS, S2_BANDS
from reben.core.errors import NameFormatError, StoreError
from reben.core.names import REFERENCE_MAP_SUFFIX, PatchName, S1PatchName
from reben.io.store.values import REFERENCE_MAP_TENSOR, Layout, TensorPlace

_MAP_DTYPE = np.dtype("<u2")
_AXES = 2


def expect_kind(key: str, layout: Layout) -> None:
    """Check that the tensors of a value are of the kind that its key says.

    Tensors of other names than reBEN's bands may be anything: other data sets are stored, too. Under the name of a
    patch, though, there must be a tensor, and bands of its own sensor only.

    Args:
        key: a patch id, a Sentinel-1 name, the key of a reference map, or anything else, of which nothing is expected.
        layout: tensors of the value.

    Raises:
        StoreError: if a tensor is of another sensor, data type or size than it should be.
    """
    if key.endswith(REFERENCE_MAP_SUFFIX):
        _expect_map(layout)
    elif _is_name(S1PatchName, key):
        _expect_bands(layout, S1_BANDS, "Sentinel-1")
    elif _is_name(PatchName, key):
        _expect_bands(layout, S2_BANDS, "Sentinel-2")


def _is_name(kind: type[S1PatchName | PatchName], key: str) -> bool:
    try:
        kind.parse(key)
    except NameFormatError:
        return False
    return True


def _expect_map(layout: Layout) -> None:
    """Check that there is one raster of land-cover codes.

    Raises:
        StoreError: if there is not.
    """
    place = layout.get(REFERENCE_MAP_TENSOR)
    if place is None or len(layout) != 1 or place.dtype != _MAP_DTYPE or not _is_square(place):
        raise StoreError(f"is not a reference map: expected {REFERENCE_MAP_TENSOR!r}, a square of uint16, and no more")


def _expect_bands(layout: Layout, expected: Sequence[str], sensor: str) -> None:
    """Check the tensors that are called as reBEN's bands are.

    Raises:
        StoreError: if one is of the other sensor, has another data type, or does not cover the same ground.
    """
    if not layout:
        raise StoreError(f"holds no tensor; expected bands of {sensor}")
    grounds_m = set()
    for name, place in layout.items():
        band = BANDS.get(name)
        if band is None:
            continue
        if name not in expected:
            raise StoreError(f"holds {name!r}; under this key belong bands of {sensor}")
        if place.dtype != band.numpy_dtype or not _is_square(place):
            raise StoreError(
                f"{name} has {place.shape} pixels of {place.dtype.name}; expected a square of {band.dtype}"
            )
        grounds_m.add(place.shape[0] * band.resolution_m)
    if len(grounds_m) > 1:
        raise StoreError(f"its bands do not cover the same ground: sides of {sorted(grounds_m)} m")


def _is_square(place: TensorPlace) -> bool:
    return len(place.shape) == _AXES and place.shape[0] == place.shape[1] > 0
