"""What catalogues are told of bands: units, wavelengths, polarisations.

Source of wavelengths (also in the metadata of products) and widths: ESA, Sentinel-2 Spectral Response Functions,
band centres and widths (full width at half maximum) of Sentinel-2A; those of the other satellites differ by a few
nanometres. Common names: STAC's extension eo, version 2.0.
"""

from dataclasses import dataclass

from reben.core.band_statistics import BandStatistics, Statistics
from reben.core.bands import Band

_SENTINEL_2A = {
    "B01": ("coastal", 442.7, 20),
    "B02": ("blue", 492.7, 65),
    "B03": ("green", 559.8, 35),
    "B04": ("red", 664.6, 30),
    "B05": ("rededge071", 704.1, 14),
    "B06": ("rededge075", 740.5, 14),
    "B07": ("rededge078", 782.8, 19),
    "B08": ("nir", 832.8, 105),
    "B8A": ("nir08", 864.7, 21),
    "B09": ("nir09", 945.1, 19),
    "B11": ("swir16", 1613.7, 90),
    "B12": ("swir22", 2202.4, 174),
}
_REFLECTANCE_SCALE = 1e-4


@dataclass(frozen=True, slots=True)
class BandFacts:
    """One band of a data set."""

    band: Band
    side_px: int
    """Pixels along one side of a patch."""
    statistics: BandStatistics | None = None
    """Mean and standard deviation, if they are known."""
    common_name: str = ""
    """Such as blue; empty if there is none."""
    wavelength_nm: float | None = None
    """Centre, of Sentinel-2."""
    width_nm: float | None = None
    """Full width at half maximum."""
    polarisation: str = ""
    """VV or VH, of Sentinel-1."""
    unit: str = ""
    """Unit of the stored pixels; empty for reflectance, and where it is not known."""
    scale: float | None = None
    """By what stored pixels are multiplied to become reflectance."""


def facts_of(band: Band, side_px: int, statistics: Statistics | None, *, known: bool) -> BandFacts:
    """What is known of a band.

    Args:
        band: as it is stored.
        side_px: pixels along one side of a patch.
        statistics: of the data set, if there are any.
        known: whether a band that is called B02 is Sentinel-2's, as in reBEN; other data sets use the names otherwise.
    """
    own = (statistics or {}).get(band.name)
    if not known:
        return BandFacts(band, side_px, own)
    if band.sensor == "s1":
        return BandFacts(band, side_px, own, polarisation=band.name, unit="dB")
    name, centre, width = _SENTINEL_2A.get(band.name, ("", None, None))
    scale = _REFLECTANCE_SCALE if centre is not None and band.dtype == "uint16" else None  # floats may be anything
    return BandFacts(band, side_px, own, name, centre, width, scale=scale)
