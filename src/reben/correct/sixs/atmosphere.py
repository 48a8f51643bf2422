"""The state of the atmosphere over a tile: read from the image, else from the product's forecast, else assumed."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from reben.correct.report import AerosolFound, AltitudeFound, Found, OzoneFound, WaterVapourFound
from reben.correct.sixs.aerosol import Retrieval, assumed_aerosol, find_aerosol
from reben.correct.sixs.altitude import node_altitudes_m
from reben.correct.sixs.auxiliary import Forecast
from reben.correct.sixs.nodes import Nodes
from reben.correct.sixs.overview import Overview
from reben.correct.sixs.tables import Air, Tables, Values, pressure_hpa
from reben.correct.sixs.water_vapour import find_water_vapour
from reben.io.safe.angles import TileAngles

_OZONE_CM_ATM = 0.33
"""About the mean over Europe; a tenth more or less changes B03, the most sensitive band, by half a per cent."""


@dataclass(frozen=True, slots=True)
class Atmosphere:
    """What was found, and where."""

    air: Air
    """At the nodes."""
    aerosol: Retrieval
    water: Retrieval
    ozone: Retrieval
    altitude: Retrieval
    altitudes_m: Values
    """At the nodes."""

    def found(self) -> dict[str, Found]:
        """For the product's report, by the names of its fields."""
        column = np.asarray(self.air.water_g_cm2)
        return {
            "aerosol": AerosolFound(optical_thickness_550nm=round(self.aerosol.value, 4), **_origin(self.aerosol)),
            "water_vapour": WaterVapourFound(
                mean_g_cm2=round(float(column.mean()), 3),
                smallest_g_cm2=round(float(column.min()), 3),
                largest_g_cm2=round(float(column.max()), 3),
                **_origin(self.water),
            ),
            "ozone": OzoneFound(column_du=round(1_000 * self.ozone.value, 1), **_origin(self.ozone)),
            "altitude": AltitudeFound(
                mean_m=round(self.altitude.value, 1),
                lowest_m=round(float(self.altitudes_m.min()), 1),
                highest_m=round(float(self.altitudes_m.max()), 1),
                **_origin(self.altitude),
            ),
        }

    def fallbacks(self) -> list[str]:
        """What was neither read from the image nor given; ozone, which no band shows, may come from a forecast."""
        found = {
            "aerosol": self.aerosol,
            "water vapour": self.water,
            "ozone": self.ozone,
            "altitude": self.altitude,
        }
        return [
            f"{name}: {what.source}" + (f" ({what.reason})" if what.reason else "")
            for name, what in found.items()
            if what.fallback
        ]


def find_atmosphere(
    overview: Overview, forecast: Forecast, tables: Tables, nodes: Nodes, angles: TileAngles, *, dem: Path | None
) -> Atmosphere:
    """Water vapour, then aerosol, then water vapour again: each is needed, if only a little, to find the other.

    Args:
        overview: what was seen.
        forecast: what the product says.
        tables: of the satellite.
        nodes: of the tile.
        angles: of the tile.
        dem: elevation model, or None for sea level.

    Raises:
        RasterError: if the elevation model cannot be used.
    """
    altitudes, altitude = _altitudes(dem, nodes)
    ozone = _ozone(forecast)
    air = Air(
        aot=assumed_aerosol(forecast.aot, tables).value,
        water_g_cm2=0.0,
        ozone_cm_atm=ozone.value,
        pressure_hpa=pressure_hpa(altitudes),
    )
    near, red = nodes.directions(angles, "B8A"), nodes.directions(angles, "B04")
    column, _ = find_water_vapour(overview, tables, near, air, forecast_g_cm2=forecast.water_g_cm2)
    air = replace(air, water_g_cm2=column)
    aerosol = find_aerosol(overview, tables, red, air, forecast=forecast.aot)
    air = replace(air, aot=aerosol.value)
    column, water = find_water_vapour(overview, tables, near, air, forecast_g_cm2=forecast.water_g_cm2)
    return Atmosphere(replace(air, water_g_cm2=column), aerosol, water, ozone, altitude, altitudes)


def _altitudes(dem: Path | None, nodes: Nodes) -> tuple[Values, Retrieval]:
    """Altitude of the nodes; sea level where it is not known."""
    if dem is None:
        return np.zeros((nodes.per_side,) * 2), Retrieval(0.0, "sea level", 0, fallback=True)
    found = node_altitudes_m(dem, nodes)
    unknown = np.isnan(found)
    altitudes = np.where(unknown, 0.0, found)
    share = f", sea level for {unknown.mean():.1%} of the tile" if unknown.any() else ""
    known = int((~unknown).sum())
    return altitudes, Retrieval(float(altitudes.mean()), dem.name + share, known, fallback=bool(unknown.any()))


def _ozone(forecast: Forecast) -> Retrieval:
    if forecast.ozone_cm_atm is None:
        return Retrieval(_OZONE_CM_ATM, "default", 0, fallback=True)
    return Retrieval(forecast.ozone_cm_atm, "forecast in the product", 0, fallback=False)


def _origin(found: Retrieval) -> dict[str, Any]:
    """Where a value comes from, as fields of its record."""
    return {"source": found.source, "cells": found.cells, "reason": found.reason or None}
