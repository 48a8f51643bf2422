"""What ECMWF's and CAMS's forecasts say of the atmosphere: L1C products carry a small excerpt of both (GRIB).

Source: ESA, Sentinel-2 Products Specification Document, "AUX_DATA"; ECMWF's parameter database.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import rasterio
from rasterio.errors import RasterioError

_DOBSON_KG_M2 = 2.1415e-5
"""Mass of a column of one Dobson unit of ozone."""
_CM_ATM_DU = 1_000
_G_CM2_KG_M2 = 10


@dataclass(frozen=True, slots=True)
class Forecast:
    """Means over the tile; None where the product does not say."""

    ozone_cm_atm: float | None = None
    water_g_cm2: float | None = None
    aot: float | None = None
    """At 550 nm."""


def read_forecast(auxiliary: Mapping[str, str]) -> Forecast:
    """Read what is there; files that are missing, damaged or say something impossible are as good as none.

    Args:
        auxiliary: what GDAL opens, per kind of file, as `L1cProduct.auxiliary` has it.
    """
    weather = _means(auxiliary.get("AUX_ECMWFT"))
    aerosol = _means(auxiliary.get("AUX_CAMSFO"))
    return Forecast(
        ozone_cm_atm=_plausible(weather.get("TCO3"), 1 / _DOBSON_KG_M2 / _CM_ATM_DU, 0.1, 0.6),
        water_g_cm2=_plausible(weather.get("PWC"), 1 / _G_CM2_KG_M2, 0.0, 8.0),
        aot=_plausible(aerosol.get("var207 of table 210 of center ECMWF"), 1.0, 0.0, 5.0),
    )


def _means(file: str | None) -> dict[str, float]:
    """Mean of each field of a GRIB file by what GDAL calls it."""
    if file is None:
        return {}
    try:
        with rasterio.open(file, driver="GRIB") as source:
            return {
                source.tags(i).get("GRIB_ELEMENT", ""): float(np.mean(source.read(i).astype(np.float64)))
                for i in source.indexes
            }
    except RasterioError:
        return {}


def _plausible(value: float | None, factor: float, lowest: float, highest: float) -> float | None:
    """The value in our unit, if it can be."""
    return value * factor if value is not None and lowest <= value * factor <= highest else None
