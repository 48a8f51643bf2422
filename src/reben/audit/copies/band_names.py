"""What copies call bands, and which band of reBEN is meant."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import BANDS, TRUE_COLOUR
from reben.core.errors import AuditError
from reben.core.wording import first_of

_PREFIX = re.compile(r"^(?:(?:s1|s2|sentinel-?[12]|msi|sar|band|reflectance|backscatter)[ _.-]+)+", re.IGNORECASE)
_S2_BAND = re.compile(r"B?0?(\d{1,2})(A?)", re.IGNORECASE)
_COLOURS = dict(zip(("RED", "GREEN", "BLUE"), TRUE_COLOUR, strict=True)) | {"NIR": "B08"}
_AXES = 3
_HINT = "say which with --bands, or bands= in Python, in the order of the channels: B02,B03,B04 or s2"


def reben_name(name: str) -> str | None:
    """The band of reBEN that a copy's name stands for; None if that is not known.

    >>> [reben_name(name) for name in ("B1", "b08a", "s2_B02", "vh", "Red", "elevation", "B10")]
    ['B01', 'B8A', 'B02', 'VH', 'B04', None, None]
    """
    bare = _PREFIX.sub("", name.strip()).upper()
    if bare in BANDS or bare in _COLOURS:
        return _COLOURS.get(bare, bare)
    found = _S2_BAND.fullmatch(bare)
    if found is None or not bare.startswith(("B", "8A")):
        return None
    number, letter = int(found[1]), found[2].upper()
    written = f"B{number}A" if letter else f"B{number:02d}"
    return written if written in BANDS else None


def named_channels(
    array: NDArray[Any], names: Sequence[str] | None, *, where: str, last: bool | None = None
) -> dict[str, NDArray[Any]]:
    """Channels of an image by name.

    Args:
        array: shape (rows, columns), (C, rows, columns) or (rows, columns, C).
        names: of the channels; may be missing for an image of one.
        where: what the image is called, for messages and for the name of a single band.
        last: whether channels lie on the last axis; None if the number of names decides.

    Raises:
        AuditError: if channels and names do not fit.
    """
    if array.ndim == _AXES - 1:
        return {names[0] if names is not None and len(names) == 1 else where: array}
    if array.ndim != _AXES:
        raise AuditError(f"{where}: has shape {array.shape}; expected rows and columns, with channels or without")
    if names is None:
        raise AuditError(f"{where}: has shape {array.shape} and no names of bands", hint=_HINT)
    if last is None:
        last = array.shape[0] != len(names) and array.shape[2] == len(names)
    channels = np.moveaxis(array, 2, 0) if last else array
    if len(channels) != len(names):
        raise AuditError(
            f"{where}: has shape {array.shape}, but {len(names)} names of bands: {first_of(list(names), most=14)}",
            hint=_HINT,
        )
    return dict(zip(names, channels, strict=True))


def names_by_band(names: Sequence[str]) -> Mapping[str, str]:
    """The copy's name of each band of reBEN that it has; of two names for one band, the first."""
    found: dict[str, str] = {}
    for name in names:
        band = reben_name(name)
        if band is not None:
            found.setdefault(band, name)
    return found
