"""The bands of reBEN: one table of name, sensor, resolution and data type, and the band sets of the paper.

Sources: reBEN paper, section III (bands used for training); the published patches (sizes and data types).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reben.core.errors import BandError

PATCH_SIZE_M = 1200
"""Side of a published patch, in metres."""

REFERENCE_MAP_RESOLUTION_M = 10
"""Side of a pixel of a reference map, in metres."""


@dataclass(frozen=True, slots=True)
class Band:
    """One band of a patch, as it is stored."""

    name: str
    sensor: str
    """`s1` or `s2`."""
    resolution_m: int
    """Side of a pixel, in metres."""
    dtype: str
    """Data type of a stored pixel: uint16 (reflectance times 10,000) or float32 (backscatter in dB)."""

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


def select_bands(selection: str | Sequence[str]) -> tuple[Band, ...]:
    """The bands of a named set (`s1`, `s2`, `all`), of a list of names, or of names joined by commas, in that order.

    Raises:
        BandError: if a name is unknown or given twice, or none is given.

    >>> [band.name for band in select_bands("s1")]
    ['VV', 'VH']
    >>> [band.name for band in select_bands("B04,B03,B02")]
    ['B04', 'B03', 'B02']
    """
    if isinstance(selection, str):
        names: Sequence[str] = BAND_SETS.get(selection) or [name.strip() for name in selection.split(",")]
    else:
        names = selection
    unknown = [name for name in names if name not in BANDS]
    if unknown or not names:
        raise BandError(
            f"unknown band {', '.join(map(repr, unknown))}" if unknown else "no band given",
            hint=f"give one of the sets {', '.join(BAND_SETS)}, or names out of {', '.join(BANDS)}",
        )
    if len(set(names)) < len(names):
        raise BandError(f"bands {', '.join(names)}: one of them is given twice")
    return tuple(BANDS[name] for name in names)
