"""Options of the geocoding of GRD products."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from reben.work.options import Location, OnCommandLine, OnError, Options, Positive

Heights = Literal["geoid", "ellipsoid"]
"""What altitudes of an elevation model count from."""

_GROUND, _WORK = OnCommandLine(panel="Ground"), OnCommandLine(panel="Work")


class GeocodeOptions(Options):
    """How Sentinel-1 GRD products are brought onto the grids of tiles."""

    dem: Annotated[Location, replace(_GROUND, exists=True), Field(examples=["dem.tif"])]
    """Elevation model in metres, any CRS: a file that GDAL reads, or a folder with some."""
    orbits: Annotated[Location | None, OnCommandLine(exists=True), Field(examples=["orbits"])] = None
    """Precise orbit file (.EOF), or a folder with some; products that none covers keep their own orbits."""
    incidence: bool = False
    """Write the incidence angle on the ellipsoid, too, in degrees."""
    mask_hidden: Annotated[bool, OnCommandLine(option="--mask-layover")] = False
    """Give no value to layover and shadow."""
    heights: Annotated[Heights | None, replace(_GROUND, option="--dem-heights"), Field(examples=["geoid"])] = None
    """What altitudes of the elevation model count from; by default as its vertical CRS says, else the geoid."""
    sea_level: Annotated[bool, _GROUND] = False
    """Take sea level where the elevation model has no value, such as at sea."""
    threads: Annotated[Positive | None, _WORK, Field(examples=[4])] = None
    """Threads; by default all processors."""
    on_error: Annotated[OnError, _WORK] = "stop"
    """stop at the first product or tile that fails, or skip it and go on with the next."""

    @property
    def above_ellipsoid(self) -> bool | None:
        """Whether altitudes count from the ellipsoid; None if the elevation model is to say so."""
        return None if self.heights is None else self.heights == "ellipsoid"
