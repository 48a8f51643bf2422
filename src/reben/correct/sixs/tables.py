"""What the atmosphere does to each band: tables made with the radiative transfer code 6S, and their interpolation.

The tables (`tables.safetensors`, written by `tools/make_atmosphere_tables.py`) hold scattering without gases and
gases without scattering. As 6S itself does, the two are multiplied, and half of the water vapour counts for the light
that aerosol scatters. Between the nodes, polynomials are good to some 0.0003 of reflectance, because the nodes lie
where Chebyshev's do (sun), or because the dependence is nearly linear (pressure) or quadratic (view).

Sources: Vermote et al., "Second Simulation of the Satellite Signal in the Solar Spectrum, 6S", IEEE TGRS 35 (1997);
Kotchenova et al., Applied Optics 45 (2006) for the vector version 6SV 1.1 that was run.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray
from safetensors import safe_open

from reben.core.errors import CorrectionError

Values = NDArray[np.float64]

_MADE_FOR = ("S2A", "S2B", "S2C")
_SEA_LEVEL_HPA = 1013.25
_NADIR = 0  # place of the view from above among the tables' geometries


@dataclass(frozen=True, slots=True)
class Directions:
    """Where the light comes from and goes to; arrays of one shape."""

    sun_cosine: Values
    """Cosine of the sun's zenith angle."""
    view_along: Values
    """Sine of the view's zenith angle times cosine of the azimuth between sun and satellite."""
    view_across: Values
    """Sine of the view's zenith angle times sine of that azimuth; its sign does not matter."""

    @property
    def view_cosine(self) -> Values:
        """Cosine of the view's zenith angle."""
        cosine: Values = np.sqrt(1 - self.view_along**2 - self.view_across**2)
        return cosine

    @property
    def air_mass(self) -> Values:
        """Length of the way from the sun to the ground and to the satellite, in heights of the atmosphere."""
        return 1 / self.sun_cosine + 1 / self.view_cosine

    def at(self, places: NDArray[np.bool_]) -> "Directions":
        """Those of some places only, in one row."""
        return Directions(self.sun_cosine[places], self.view_along[places], self.view_across[places])


@dataclass(frozen=True, slots=True)
class Air:
    """The state of the atmosphere above the ground; numbers, or arrays that fit the directions'."""

    aot: ArrayLike
    """Aerosol optical thickness at 550 nm, of the continental model."""
    water_g_cm2: ArrayLike
    """Column of water vapour."""
    ozone_cm_atm: ArrayLike
    """Column of ozone (1 cm-atm = 1000 Dobson units)."""
    pressure_hpa: ArrayLike
    """Air pressure at the ground."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What the atmosphere does to the reflectance of one band; arrays of one shape."""

    path: Values
    """Reflectance that is seen above a black ground."""
    gain: Values
    """What a ground's reflectance is multiplied by on both ways, gases included."""
    albedo: Values
    """Share of what the ground reflects that the sky throws back."""
    neighbours: Values | float = 0.0
    """Share of the light from the ground that was scattered on its way up: it shows the ground around a pixel."""

    def seen(self, surface: ArrayLike) -> Values:
        """Reflectance at the top of the atmosphere of a uniform Lambertian ground (6S's manual, part 1)."""
        ground: Values = np.asarray(surface, np.float64)
        return self.path + self.gain * ground / (1 - self.albedo * ground)

    def surface(self, seen: ArrayLike) -> Values:
        """The ground's reflectance: `seen` inverted."""
        lifted: Values = (np.asarray(seen, np.float64) - self.path) / self.gain
        return lifted / (1 + self.albedo * lifted)


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of one satellite."""

    version: str
    """Of the file, with the model that made it."""
    satellite: str
    """Whose spectral responses they were made with."""
    bands: tuple[str, ...]
    arrays: dict[str, Values]
    """Nodes and values by name; see `tools/make_atmosphere_tables.py`."""

    @property
    def largest_aot(self) -> float:
        """End of the tables."""
        return float(self.arrays["aot"][-1])

    @property
    def smallest_sun_cosine(self) -> float:
        """End of the tables: the first node is a little inside it."""
        return float(self.arrays["sun_cosine"].min()) - 0.02

    def effect(self, band: str, directions: Directions, air: Air) -> Effect:
        """What the atmosphere does to a band.

        Raises:
            CorrectionError: if the tables do not have the band.
        """
        if band not in self.bands:
            raise CorrectionError(f"{band}: the tables have {', '.join(self.bands)}")
        number = self.bands.index(band)
        aot, water, ozone, pressure = np.broadcast_arrays(
            *(np.asarray(v, np.float64) for v in (air.aot, air.water_g_cm2, air.ozone_cm_atm, air.pressure_hpa))
        )
        weights = _Weights(
            aot=_lagrange(aot, self.arrays["aot"]),
            altitude=_lagrange(pressure, self.arrays["pressure_hpa"]),
            sun=_lagrange(directions.sun_cosine, self.arrays["sun_cosine"]),
            view=_view_weights(directions, float(self.arrays["largest_view_deg"][0])),
        )
        haze, clear = self._path(number, weights)
        thickness = self._gas_thickness(number, weights, directions.air_mass, ozone)
        wet, half_wet = (
            np.exp(-self._water_thickness(number, weights, directions.air_mass * water * share)) for share in (1, 0.5)
        )
        dry = np.exp(-thickness)
        down, up, albedo, depth = self._scattering(number, weights)
        return Effect(
            path=dry * (clear + (haze - clear) * half_wet),
            gain=dry * wet * down * up,
            albedo=np.broadcast_to(albedo, down.shape),
            neighbours=(1 - np.exp(-depth / directions.view_cosine) / up).clip(0),
        )

    def _path(self, band: int, weights: "_Weights") -> tuple[Values, Values]:
        """Reflectance of the air with and without aerosol."""
        by_sun = np.einsum("azgs,...s->...azg", self.arrays["path"][band], weights.sun)
        by_place = np.einsum("...azg,...z,...g->...a", by_sun, weights.altitude, weights.view)
        return np.einsum("...a,...a->...", by_place, weights.aot), by_place[..., 0]

    def _scattering(self, band: int, weights: "_Weights") -> tuple[Values, Values, Values, Values]:
        """Transmittance of the way down and of the way up, the spherical albedo, and the optical depth."""
        air = np.einsum("...a,...z->...az", weights.aot, weights.altitude)
        down = np.einsum("azs,...az,...s->...", self.arrays["down"][band], air, weights.sun)
        ends = np.stack([1 - weights.obliqueness, weights.obliqueness], axis=-1)
        up = np.einsum("azg,...az,...g->...", self.arrays["up"][band], air, ends)
        albedo, depth = (np.einsum("az,...az->...", self.arrays[name][band], air) for name in ("albedo", "depth"))
        return down, up, albedo, depth

    def _gas_thickness(self, band: int, weights: "_Weights", air_mass: Values, ozone: Values) -> Values:
        """Optical thickness of ozone and of the well-mixed gases along both ways."""
        mixed = _between(air_mass, self.arrays["air_mass"], self.arrays["other"][band], weights.altitude)
        absorbed: Values = mixed + self.arrays["ozone"][band] * ozone * air_mass
        return absorbed

    def _water_thickness(self, band: int, weights: "_Weights", water: Values) -> Values:
        """Optical thickness of so much water vapour (g/cm2) along both ways; it grows about with its square root."""
        nodes = np.sqrt(self.arrays["water_g_cm2"])
        return _between(np.sqrt(np.maximum(water, 0)), nodes, self.arrays["water"][band], weights.altitude)


@dataclass(frozen=True, slots=True)
class _Weights:
    """Weights of the nodes, one axis more than the places have."""

    aot: Values
    altitude: Values
    sun: Values
    view: Values

    @property
    def obliqueness(self) -> Values:
        """0 for a view from above, 1 at the largest angle of the tables."""
        share: Values = 1 - self.view[..., _NADIR]
        return share


@lru_cache
def load_tables(mission: str) -> tuple[Tables, bool]:
    """The tables of a satellite, and whether they were made for it.

    Args:
        mission: such as S2A. Satellites that were launched after the tables were made get those of Sentinel-2A, whose
            bands lie within some nanometres.
    """
    satellite = mission if mission in _MADE_FOR else _MADE_FOR[0]
    with safe_open(str(files("reben.correct.sixs") / "tables.safetensors"), framework="numpy") as file:
        about = file.metadata()
        arrays = {
            name.removeprefix(f"{satellite}."): file.get_tensor(name).astype(np.float64)
            for name in file.keys()  # noqa: SIM118 - no mapping
            if "." not in name or name.startswith(satellite)
        }
    version = f"{about['version']} ({about['model']}, {about['aerosol']} aerosol)"
    return Tables(version, satellite, tuple(about["bands"].split()), arrays), satellite == mission


def pressure_hpa(altitude_m: ArrayLike) -> Values:
    """Air pressure of the International Standard Atmosphere (ISO 2533), in its lowest layer.

    >>> float(pressure_hpa(3000).round(1))
    701.1
    """
    pressure: Values = _SEA_LEVEL_HPA * (1 - 2.25577e-5 * np.asarray(altitude_m, np.float64)) ** 5.25588
    return pressure


def _lagrange(x: Values, nodes: Values) -> Values:
    """Weights of the nodes in the polynomial through all of them; one axis more than `x`."""
    factors = [
        np.prod([(x - other) / (node - other) for j, other in enumerate(nodes) if j != i], axis=0)
        for i, node in enumerate(nodes)
    ]
    return np.stack(factors, axis=-1)


def _view_weights(directions: Directions, largest_deg: float) -> Values:
    """Weights of the four views in a polynomial of second order that is even across the sun's plane."""
    edge = np.sin(np.radians(largest_deg))
    u, v = directions.view_along / edge, directions.view_across / edge
    return np.stack([1 - u**2 - v**2, (u**2 + u) / 2, (u**2 - u) / 2, v**2], axis=-1)


def _between(x: Values, nodes: Values, values: Values, altitude: Values) -> Values:
    """Straight lines between nodes at each altitude of the tables, weighted by altitude.

    Args:
        x: where to.
        nodes: shape (n,).
        values: shape (altitudes, n).
        altitude: weights, one axis more than `x`.
    """
    between: Values = np.sum([np.interp(x, nodes, row) * altitude[..., i] for i, row in enumerate(values)], axis=0)
    return between
