"""What a user decides of geocoding: one record for the command `reben s1`, for builds and for predictions."""

from dataclasses import dataclass
from pathlib import Path

from reben.io.elevation import ElevationModel, find_elevation


@dataclass(frozen=True, slots=True)
class Choices:
    """How GRD products become scenes."""

    dem: Path
    above_ellipsoid: bool | None = None
    """Whether altitudes count from the ellipsoid; None for what the model's vertical CRS says, else from the geoid."""
    orbits: Path | None = None
    """Orbit file, or folder with some; else the orbit in the product."""
    sea_level: bool = False
    """Take sea level where the model has no value."""
    mask_hidden: bool = False
    """Give no value to layover and shadow."""

    def elevation(self) -> ElevationModel:
        """The elevation model.

        Raises:
            RasterError: if there is none.
        """
        return find_elevation(self.dem, self.above_ellipsoid)
