"""Scene ids and polarisations in the file names of geocoded Sentinel-1 rasters.

A Sentinel-1 patch is named after the scene id up to its start time, such as `S1A_IW_GRDH_1SDV_20170613T165043`. Names
of common processors say the same in other words.

Sources: ESA, Sentinel-1 Product Specification, "Product naming convention"; pyroSAR, "naming convention";
ASF HyP3, "RTC product guide".
"""

import re
from dataclasses import dataclass

from reben.core.bands import S1_BANDS


@dataclass(frozen=True, slots=True)
class _Naming:
    pattern: re.Pattern[str]
    scene: str
    """Scene id, made of the pattern's groups."""


_NAMINGS = (
    _Naming(
        re.compile(r"(?P<id>S1[A-Z]_[A-Z0-9]{2}_[A-Z]{3}[A-Z]_\d[A-Z]{3}_\d{8}T\d{6})(?!\d)"),
        "{id}",
    ),
    _Naming(  # pyroSAR: S1A__IW___A_20150309T173017_VV_grd_...
        re.compile(r"(?P<mission>S1[A-Z])__(?P<mode>IW|EW)_+[AD]_(?P<time>\d{8}T\d{6})_.*(?i:grd)"),
        "{mission}_{mode}_GRDH_1SDV_{time}",
    ),
    _Naming(  # HyP3: S1A_IW_20180504T104507_DVP_RTC10_...; DV is dual polarisation, vertically sent
        re.compile(r"(?P<mission>S1[A-Z])_(?P<mode>IW|EW)_(?P<time>\d{8}T\d{6})_DV[A-Z]_RTC\d\d"),
        "{mission}_{mode}_GRDH_1SDV_{time}",
    ),
)
_POLARISATION = re.compile(rf"(?<![A-Za-z])({'|'.join(S1_BANDS)})(?![A-Za-z])", re.IGNORECASE)

EXAMPLE = "S1A_IW_GRDH_1SDV_20170613T165043_VV.tif"


def scene_id(name: str) -> str | None:
    """Scene id in a file or folder name, up to the start time.

    >>> scene_id("S1A_IW_GRDH_1SDV_20170613T165043_20170613T165108_017014_01C5A5_E5F8_TC_VV.tif")
    'S1A_IW_GRDH_1SDV_20170613T165043'
    >>> scene_id("S1A__IW___A_20150309T173017_VV_grd_mli_geo_norm_db.tif")
    'S1A_IW_GRDH_1SDV_20150309T173017'
    """
    for naming in _NAMINGS:
        found = naming.pattern.search(name)
        if found:
            return naming.scene.format(**found.groupdict())
    return None


def polarisation(text: str) -> str | None:
    """VV or VH, where a file name or a band description has it as a word of its own; the last one counts.

    >>> polarisation("S1A_IW_GRDH_1SDV_20170613T165043_Gamma0_VH_db")
    'VH'
    """
    found = _POLARISATION.findall(text)
    return found[-1].upper() if found else None
