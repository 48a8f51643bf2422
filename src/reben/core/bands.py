"""The bands of reBEN: one table of name, sensor, resolution and data type, and the band sets of the paper.

Sources: reBEN paper, section III (bands used for training); the published patches (sizes and data types).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reben.core.errors import BandError
from reben.core.wording import first_of

PATCH_SIZE_M = 1200
"""Side of a published patch, in metres."""

REFERENCE_MAP_RESOLUTION_M = 10
"""Side of a pixel of a reference map, in metres."""


@dataclass(frozen=True, slots=True)
class Band:
    """One band of a patch, as it is stored."""

    name: str
    sensor: str
    """`s1` or `s2`: under which of a patch's names the band is stored, the Sentinel-1 partner's or its own."""
    resolution_m: int
    """Side of a pixel, in metres."""
    dtype: str
    """Data type of a stored pixel: uint16 (reflectance times 10,000) or float32 (backscatter in dB)."""

    @property
    def nodata(self) -> int | None:
        """Value of invalid pixels in files of this band: 0 of Sentinel-2, None of Sentinel-1, as published."""
        return 0 if self.sensor == "s2" else None

    def side_px(self, patch_size_m: int = PATCH_SIZE_M) -> int:
        """Pixels along one side of a patch.

        Raises:
            BandError: if the patch size is not a multiple of the band's pixel size.
        """
        side, rest = divmod(patch_size_m, self.resolution_m)
        if rest or side < 1:
            raise BandError(
                f"patch size {patch_size_m} m: must be a positive multiple of {self.name}'s pixel size, "
                f"{self.resolution_m} m"
            )
        return side

    @property
    def numpy_dtype(self) -> np.dtype[np.generic]:
        """Data type of a stored pixel, little-endian."""
        return np.dtype(self.dtype).newbyteorder("<")


def _s2(name: str, resolution_m: int) -> Band:
    return Band(name, "s2", resolution_m, "uint16")


BANDS: dict[str, Band] = {
    band.name: band
    for band in (
        _s2("B01", 60),
        _s2("B02", 10),
        _s2("B03", 10),
        _s2("B04", 10),
        _s2("B05", 20),
        _s2("B06", 20),
        _s2("B07", 20),
        _s2("B08", 10),
        _s2("B8A", 20),
        _s2("B09", 60),
        _s2("B11", 20),
        _s2("B12", 20),
        Band("VV", "s1", 10, "float32"),
        Band("VH", "s1", 10, "float32"),
    )
}
"""Every band of a patch by its name: Sentinel-2 by wavelength, then Sentinel-1. B10 does not exist in L2A."""

MSI_RESOLUTIONS_M: dict[str, int] = {
    name: 60 if name == "B10" else BANDS[name].resolution_m
    for name in ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
}
"""Pixel size of all thirteen bands of Sentinel-2's instrument, in the order of the `band_id` in product metadata."""

S1_BANDS: tuple[str, ...] = ("VV", "VH")
S2_BANDS: tuple[str, ...] = tuple(band.name for band in BANDS.values() if band.sensor == "s2")
"""All twelve Sentinel-2 bands of a patch."""

_S2_TRAINING_BANDS = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")

BAND_SETS: dict[str, tuple[str, ...]] = {
    "s1": S1_BANDS,
    "s2": _S2_TRAINING_BANDS,
    "all": S1_BANDS + _S2_TRAINING_BANDS,
}
"""The paper's three modalities in the channel order of the published weights; 60 m bands are not trained on."""

TRUE_COLOUR = ("B04", "B03", "B02")
"""Red, green and blue."""

INFRARED = ("B08", "B04", "B03")
"""Near infrared, red and green, as in colour infrared photographs: plants are red."""

_COLOUR_NAMES = ("RED", "GREEN", "BLUE")
"""The same in data sets that call bands by their colour."""

_NAMED_SETS = {**BAND_SETS, "rgb": TRUE_COLOUR}

IMAGE_RESOLUTION_M = 10
"""Side of a pixel of the images that models see, in metres."""


def select_bands(selection: str | Sequence[str], among: Mapping[str, Band] = BANDS) -> tuple[Band, ...]:
    """The bands of a named set (`s1`, `s2`, `all`, `rgb`), of a list of names, or of names joined by commas.

    Args:
        selection: which bands, in which order; upper and lower case do not matter.
        among: the bands there are, by name; reBEN's by default. Where these are not among them, `all` takes every band.

    Raises:
        BandError: if a name is unknown or given twice, or none is given.

    >>> [band.name for band in select_bands("s1")]
    ['VV', 'VH']
    >>> [band.name for band in select_bands("B04,b8a,B02")]
    ['B04', 'B8A', 'B02']
    """
    spelled = {name.upper(): name for name in among}
    wanted = names_in(selection)
    called = selection.lower() if isinstance(selection, str) else ""
    if called == "all" and not set(wanted) <= set(among):
        wanted = tuple(among)
    if called == "rgb":
        wanted = true_colour_names(among) or wanted
    unknown = [name for name in wanted if name.upper() not in spelled]
    if unknown or not wanted:
        raise BandError(
            f"unknown band {', '.join(map(repr, unknown))}" if unknown else "no band given",
            hint=f"give one of the sets {', '.join(_NAMED_SETS)}, or names out of {first_of(list(among), most=20)}",
        )
    names = [spelled[name.upper()] for name in wanted]
    if len(set(names)) < len(names):
        raise BandError(f"bands {', '.join(names)}: one of them is given twice")
    return tuple(among[name] for name in names)


def true_colour_names(names: Iterable[str]) -> tuple[str, ...] | None:
    """The red, green and blue bands among some, as they are called there; None if one is missing.

    >>> true_colour_names(["Red", "Green", "Blue"])
    ('Red', 'Green', 'Blue')
    """
    spelled = {name.upper(): name for name in names}
    sets = (tuple(map(spelled.get, found)) for found in (TRUE_COLOUR, _COLOUR_NAMES))
    return next((tuple(filter(None, found)) for found in sets if None not in found), None)


def names_in(selection: str | Sequence[str]) -> tuple[str, ...]:
    """The names that a selection of bands stands for, as they are spelled in it.

    >>> names_in("Red, Green")
    ('Red', 'Green')
    """
    if not isinstance(selection, str):
        return tuple(selection)
    return _NAMED_SETS.get(selection.lower()) or tuple(name.strip() for name in selection.split(","))


def bands_of_tensors(tensors: Mapping[str, tuple[int, np.dtype[Any]]]) -> dict[str, Band]:
    """Bands as a value of a store holds them, which may be that of another data set than reBEN.

    Where all tensors with names of reBEN's bands cover the same extent at their resolutions, they are reBEN's bands.
    Elsewhere (EuroSAT stores all bands at 10 m, UC Merced has Red, Green and Blue) the largest tensor is taken to have
    the resolution of the image, and the others are upsampled to it.

    Args:
        tensors: rows and data type of each tensor by name.
    """
    known = [name for name in tensors if name in BANDS]
    extents_m = {tensors[name][0] * BANDS[name].resolution_m for name in known}
    if len(extents_m) == 1:
        extent_m = extents_m.pop()
        own = {name: BANDS[name] for name in known}
    else:
        extent_m = IMAGE_RESOLUTION_M * max(rows for rows, _ in tensors.values())
        own = {}
    return {
        name: own.get(name) or Band(name, "s2", extent_m // max(rows, 1), dtype.name)
        for name, (rows, dtype) in tensors.items()
    }
