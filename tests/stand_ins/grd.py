"""Generated Sentinel-1 GRD products: a satellite on a circle above a place, and an image that a function draws.

The geometry is solved here in another way than in the product under test: by the smallest distance, not by Newton's
method on the Doppler equation, along the circle itself and not along polynomials.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pyproj
import rasterio
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import from_origin

Values = NDArray[np.float64]
_SPEED_M_S, _HEIGHT_ANGLE_DEG, _RANGE_M = 7_500.0, 55.0, 850_000.0
_INTERVAL_S, _SPACING_M = 1.5e-3, 10.0
_EARTH_M = 6_371_000.0
MIDDLE = (302_400.0, 5_397_600.0)
"""Of the small products of 33UUP, in UTM zone 33."""
CRS = "EPSG:32633"
Draw = Callable[[Values, Values], Values]
"""Digital numbers of lines and pixels."""


def to_ecef(x_m: Values, y_m: Values, heights_m: Values) -> Values:
    """Places of UTM zone 33 and heights above the ellipsoid, shape (..., 3)."""
    lon, lat = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True).transform(x_m, y_m)
    return np.stack(pyproj.Transformer.from_crs(4979, 4978, always_xy=True).transform(lon, lat, heights_m), -1)


@dataclass(frozen=True)
class Grd:
    """A product; by default a small one around MIDDLE."""

    start: datetime = datetime(2017, 6, 13, 16, 50, 43, 500_000)  # noqa: DTZ001 - as in names
    lines: int = 1_000
    pixels: int = 1_000
    first_after_s: float = 0.0
    """How long after the pass began the first line is; slices of one pass differ in it."""
    drift_m: float = 40.0
    """By how much ground range moves from one polynomial to the next, once a second."""
    noise: float = 0.0
    """Thermal noise, as power of digital numbers."""
    factor: float = 500.0
    """Of calibration."""
    old_noise: bool = False
    noise_removed: bool = False
    mode: str = "IW"
    take: str = "1A2B3"
    border: int = 0
    """Columns on the left that hold nothing but weak noise."""

    @property
    def name(self) -> str:
        stop = self.start + timedelta(seconds=self.lines * _INTERVAL_S)
        times = f"{self.start:%Y%m%dT%H%M%S}_{stop:%Y%m%dT%H%M%S}"
        return f"S1A_{self.mode}_GRDH_1SDV_{times}_017014_01C5A5_{self.lines:04X}.SAFE"

    @property
    def scene(self) -> str:
        return self.name[:32]

    # The middle of the pass is 0.75 s after it began: the middle of a product of 1000 lines.
    def satellite(self, since_middle_s: Values) -> Values:
        """Position at times, ECEF."""
        here = to_ecef(*map(np.asarray, (*MIDDLE, 0.0)))
        up = here / np.linalg.norm(here)
        east = np.cross([0, 0, 1.0], up) / np.linalg.norm(np.cross([0, 0, 1.0], up))
        raised = np.radians(_HEIGHT_ANGLE_DEG)
        middle = here + _RANGE_M * (np.cos(raised) * east + np.sin(raised) * up)
        radius = np.linalg.norm(middle)
        ahead = np.cross(middle, here - middle)
        ahead /= np.linalg.norm(ahead)  # southwards: the place lies on the right
        turned = np.asarray(since_middle_s)[..., None] * _SPEED_M_S / radius
        return middle * np.cos(turned) + radius * ahead * np.sin(turned)

    def see(self, places: Values) -> tuple[Values, Values]:
        """Times since the middle and distances at which the satellite is nearest to places, by nested search."""
        low, high = np.full(places.shape[:-1], -5.0), np.full(places.shape[:-1], 5.0)
        golden = (np.sqrt(5) - 1) / 2
        for _ in range(60):
            first, second = high - golden * (high - low), low + golden * (high - low)
            left, right = (((places - self.satellite(t)) ** 2).sum(-1) for t in (first, second))
            high, low = np.where(left < right, second, high), np.where(left < right, low, first)
        times = (low + high) / 2
        return times, np.sqrt(((places - self.satellite(times)) ** 2).sum(-1))

    def image_place(self, places: Values) -> tuple[Values, Values]:
        """Line and pixel of places."""
        times, ranges = self.see(places)
        lines = (times + 0.75 - self.first_after_s) / _INTERVAL_S
        records = self._records()
        ground = np.array([np.polyval(poly[::-1], ranges - origin) for _, origin, poly in records])
        at = np.array([time for time, *_ in records]) - self.first_after_s
        seconds = lines * _INTERVAL_S
        pixels = np.zeros_like(lines)
        for before in range(len(at) - 1):
            inside = (seconds >= at[before]) & (seconds < at[before + 1])
            share = (seconds - at[before]) / (at[before + 1] - at[before])
            mixed = (1 - share) * ground[before] + share * ground[before + 1]
            pixels = np.where(inside, mixed / _SPACING_M, pixels)
        return lines, pixels

    def _records(self) -> list[tuple[float, float, Values]]:
        """Time since the pass began, origin, and polynomial of ground range on a sphere, once a second."""
        nearest = _RANGE_M - 0.57 * self.pixels * _SPACING_M / 2 - 500
        satellite = float(np.linalg.norm(self.satellite(np.array(0.0))))
        records = []
        for second in range(-2, 6):
            origin = nearest + self.drift_m * second
            away = np.linspace(-2_000, 20_000, 200)
            cosine = (satellite**2 + _EARTH_M**2 - (origin + away) ** 2) / (2 * satellite * _EARTH_M)
            arc = _EARTH_M * np.arccos(cosine)
            start = _EARTH_M * np.arccos((satellite**2 + _EARTH_M**2 - nearest**2) / (2 * satellite * _EARTH_M))
            fit = np.polynomial.Polynomial.fit(away, arc - start + 3 * self.drift_m * second, 6)
            records.append((second - 0.1, origin, fit.convert().coef))
        return records

    def write(self, folder: Path, draw: Draw, **only: str) -> Path:
        """Write it.

        Args:
            folder: where to.
            draw: gives digital numbers.
            **only: `polarisation`, if there is to be a single one.
        """
        path = folder / self.name
        (path / "annotation" / "calibration").mkdir(parents=True)
        (path / "measurement").mkdir()
        for number, band in enumerate(("VV", "VH"), start=1):
            if only.get("polarisation", band) != band:
                continue
            stem = f"s1a-iw-grd-{band.lower()}-{self.start:%Y%m%dt%H%M%S}-x-017014-01c5a5-00{number}"
            (path / "annotation" / f"{stem}.xml").write_text(self._annotation(band))
            (path / "annotation" / "calibration" / f"calibration-{stem}.xml").write_text(self._calibration())
            (path / "annotation" / "calibration" / f"noise-{stem}.xml").write_text(self._noise())
            self._draw(path / "measurement" / f"{stem}.tiff", draw, 1.0 if band == "VV" else 0.5)
        return path

    def _draw(self, path: Path, draw: Draw, share: float) -> None:
        lines, pixels = np.mgrid[: self.lines, : self.pixels].astype(np.float64)
        numbers = np.rint(share * draw(lines, pixels))
        numbers[:, : self.border] = np.rint(np.sqrt(self.noise) / 4)
        with (
            warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning),
            rasterio.open(
                path, "w", driver="GTiff", width=self.pixels, height=self.lines, count=1, dtype="uint16"
            ) as target,
        ):
            target.write(numbers.astype(np.uint16), 1)

    def _time(self, since_first_s: float) -> str:
        return (self.start + timedelta(seconds=since_first_s)).strftime("%Y-%m-%dT%H:%M:%S.%f")

    def _annotation(self, band: str) -> str:
        orbit = ""
        for second in range(-60, 70, 10):
            since = second + 0.25
            x, y, z = self.satellite(np.array(since + self.first_after_s - 0.75))
            orbit += (
                f"<orbit><time>{self._time(since)}</time><position><x>{x:.15e}</x><y>{y:.15e}</y><z>{z:.15e}</z>"
                "</position></orbit>"
            )
        conversions = "".join(
            f"<coordinateConversion><azimuthTime>{self._time(time - self.first_after_s)}</azimuthTime>"
            f"<sr0>{origin:.15e}</sr0><srgrCoefficients>{' '.join(f'{c:.15e}' for c in poly)}</srgrCoefficients>"
            "</coordinateConversion>"
            for time, origin, poly in self._records()
        )
        return (
            f"<product><adsHeader><missionId>S1A</missionId><productType>GRD</productType><polarisation>{band}"
            f"</polarisation><mode>{self.mode}</mode><absoluteOrbitNumber>17014</absoluteOrbitNumber>"
            f"<missionDataTakeId>{self.take}</missionDataTakeId></adsHeader><orbitList>{orbit}</orbitList>"
            f"<productFirstLineUtcTime>{self._time(0)}</productFirstLineUtcTime>"
            f"<azimuthTimeInterval>{_INTERVAL_S}</azimuthTimeInterval><rangePixelSpacing>{_SPACING_M}"
            f"</rangePixelSpacing><numberOfSamples>{self.pixels}</numberOfSamples><numberOfLines>{self.lines}"
            f"</numberOfLines><thermalNoiseCorrectionPerformed>{str(self.noise_removed).lower()}"
            "</thermalNoiseCorrectionPerformed><coordinateConversion><coordinateConversionList>"
            f"{conversions}</coordinateConversionList></coordinateConversion></product>"
        )

    def _calibration(self) -> str:
        vectors = "".join(
            f"<calibrationVector><line>{line}</line><pixel>0 {self.pixels}</pixel><sigmaNought>{self.factor} "
            f"{self.factor}</sigmaNought></calibrationVector>"
            for line in (0, self.lines)
        )
        return f"<calibration>{vectors}</calibration>"

    def _noise(self) -> str:
        kind, lut = ("noiseVector", "noiseLut") if self.old_noise else ("noiseRangeVector", "noiseRangeLut")
        # The azimuth vector of the right half of new products doubles what the range vector says there.
        right = self.noise if self.old_noise else self.noise / 2
        half = self.pixels // 2
        vectors = "".join(
            f"<{kind}><line>{line}</line><pixel>0 {half - 1} {half} {self.pixels}</pixel>"
            f"<{lut}>{self.noise} {self.noise} {right} {right}</{lut}></{kind}>"
            for line in (0, self.lines)
        )
        along = (
            ""
            if self.old_noise
            else f"<noiseAzimuthVector><firstAzimuthLine>0</firstAzimuthLine><lastAzimuthLine>{self.lines - 1}"
            f"</lastAzimuthLine><firstRangeSample>{half}</firstRangeSample><lastRangeSample>{self.pixels - 1}"
            f"</lastRangeSample><line>0 {self.lines}</line><noiseAzimuthLut>2.0 2.0</noiseAzimuthLut>"
            "</noiseAzimuthVector>"
        )
        return f"<noise>{vectors}{along}</noise>"

    def next_slice(self, lines: int) -> "Grd":
        """The slice that follows without a gap."""
        after = self.first_after_s + self.lines * _INTERVAL_S
        start = self.start + timedelta(seconds=self.lines * _INTERVAL_S)
        return replace(self, start=start, lines=lines, first_after_s=after)


def write_dem(
    path: Path, heights: Callable[[Values, Values], Values] = lambda x, _: 0 * x, side_m: int = 40_000
) -> Path:
    """A digital elevation model around MIDDLE in UTM, 20 m, above the geoid.

    Args:
        path: to write.
        heights: of eastings and northings.
        side_m: of its square.
    """
    west, north, count = MIDDLE[0] - side_m / 2, MIDDLE[1] + side_m / 2, side_m // 20
    x, y = np.meshgrid(west + 20 * (np.arange(count) + 0.5), north - 20 * (np.arange(count) + 0.5))
    with rasterio.open(
        path, "w", driver="GTiff", width=count, height=count, count=1, dtype="float32", crs=CRS,
        transform=from_origin(west, north, 20, 20), nodata=-9999,
    ) as target:  # fmt: skip
        target.write(heights(x, y).astype(np.float32), 1)
    return path
