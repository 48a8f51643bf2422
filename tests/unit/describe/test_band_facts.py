import xml.etree.ElementTree as ET
from pathlib import Path

from reben.core.bands import BANDS, S2_BANDS
from reben.describe.band_facts import facts_of

_PRODUCT = "S2A_MSIL2A_20221005T115411_N0400_R023_T29UNU_20221005T164454.SAFE"


def test_wavelengths_are_those_in_a_real_products_metadata(shared_data: Path):
    root = ET.parse(shared_data / "s2_metadata" / "stactools_sentinel2" / _PRODUCT / "MTD_MSIL2A.xml")  # noqa: S314 - a file of ours
    stated = {
        found.attrib["physicalBand"]: float(found.findtext(".//CENTRAL", "nan"))
        for found in root.iter("Spectral_Information")
    }
    for name in S2_BANDS:
        fact = facts_of(BANDS[name], BANDS[name].side_px, None, known=True)
        assert fact.wavelength_nm == stated[name.replace("B0", "B")], name
