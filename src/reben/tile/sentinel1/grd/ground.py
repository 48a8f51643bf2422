"""Places of a tile in space: from its projection and heights to ECEF, and the normal of the ellipsoid."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyproj
from numpy.typing import NDArray

from reben.tile.sentinel1.grd.geoid import undulation_m

Values = NDArray[np.float64]
_GEOGRAPHIC, _GEOGRAPHIC_3D, _ECEF = "EPSG:4326", "EPSG:4979", "EPSG:4978"


@dataclass(frozen=True, slots=True)
class Ground:
    """Places on the map."""

    longitudes: Values
    """Degrees."""
    latitudes: Values
    """Degrees."""

    @property
    def normals(self) -> Values:
        """Normals of the ellipsoid, shape (..., 3)."""
        longitude, latitude = np.radians(self.longitudes), np.radians(self.latitudes)
        level = np.cos(latitude)
        return np.stack([level * np.cos(longitude), level * np.sin(longitude), np.sin(latitude)], -1)

    @property
    def geoid_m(self) -> Values:
        """Height of the geoid above the ellipsoid."""
        return undulation_m(self.longitudes, self.latitudes)

    def places_m(self, heights_m: Values) -> Values:
        """ECEF, shape (..., 3).

        Args:
            heights_m: above the ellipsoid.
        """
        return np.stack(_transformer(_GEOGRAPHIC_3D, _ECEF).transform(self.longitudes, self.latitudes, heights_m), -1)


def ground_at(crs: str, x_m: Values, y_m: Values) -> Ground:
    """The ground at places of a projection."""
    return Ground(*_transformer(crs, _GEOGRAPHIC).transform(x_m, y_m))


@lru_cache(maxsize=64)
def _cached(source: str, target: str, thread: int) -> pyproj.Transformer:  # noqa: ARG001 - each thread its own
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def _transformer(source: str, target: str) -> pyproj.Transformer:
    from threading import get_ident  # noqa: PLC0415

    return _cached(source, target, get_ident())
