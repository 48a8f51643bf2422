from pathlib import Path

import numpy as np
import pytest
from defusedxml.ElementTree import parse

from reben.io.safe.grd.annotation import Annotation, parse_annotation, parse_time
from reben.tile.sentinel1.grd.ground import Ground
from reben.tile.sentinel1.grd.orbit import fit_orbit
from reben.tile.sentinel1.grd.range_doppler import Seen, ground_range_m, image_place, see

LIGHT_M_S = 299_792_458.0


@pytest.fixture(scope="module")
def real(shared_data: Path) -> tuple[Annotation, dict[str, np.ndarray]]:
    """A real annotation, and ESA's own solution: its geolocation grid."""
    (file,) = (shared_data / "s1_grd").glob("*.SAFE/annotation/s1b*.xml")
    root = parse(file).getroot()
    annotation = parse_annotation(str(file), root)
    points = [{part.tag: part.text for part in point} for point in root.iter("geolocationGridPoint")]
    grid = {name: np.array([float(point[name]) for point in points]) for name in points[0] if name != "azimuthTime"}
    grid["time"] = np.array(
        [(parse_time("", point["azimuthTime"]) - annotation.first_line).total_seconds() for point in points]
    )
    return annotation, grid


def seen_by(annotation: Annotation, grid: dict[str, np.ndarray]) -> Seen:
    ground = Ground(grid["longitude"], grid["latitude"])
    places = ground.places_m(grid["height"])
    return see(fit_orbit(annotation.vectors, "it"), places, ground.normals, 12.0)


def test_times_and_distances_are_those_of_esa(real: tuple[Annotation, dict[str, np.ndarray]]):
    annotation, grid = real
    seen = seen_by(annotation, grid)
    assert seen.on_the_right.all()
    assert np.abs(seen.times_s - grid["time"]).max() < 2e-6  # at 6.8 km/s, 14 mm; ESA's times are rounded to 1e-6
    assert np.abs(seen.ranges_m - grid["slantRangeTime"] * LIGHT_M_S / 2).max() < 1e-3


def test_places_in_the_image_are_those_of_esa(real: tuple[Annotation, dict[str, np.ndarray]]):
    annotation, grid = real
    lines, pixels = image_place(annotation, seen_by(annotation, grid))
    # ESA's grid says when a pixel was seen to a fifth of a line later at the far end of the swath than at the near one.
    assert np.abs(lines - grid["line"]).max() < 0.2
    # It takes the nearest polynomial, here 0.1 s away; between polynomials that differ by up to six pixels.
    assert np.abs(pixels - grid["pixel"]).max() < 0.6
    conversion = annotation.ground_range
    nearest = conversion.times_s[np.abs(grid["time"][:, None] - conversion.times_s).argmin(1)]
    there = ground_range_m(conversion, nearest, grid["slantRangeTime"] * LIGHT_M_S / 2) / annotation.pixel_spacing_m
    assert np.abs(there - grid["pixel"]).max() < 0.01


def test_incidence_is_that_of_esa(real: tuple[Annotation, dict[str, np.ndarray]]):
    annotation, grid = real
    assert np.abs(seen_by(annotation, grid).incidence_deg - grid["incidenceAngle"]).max() < 0.05


def test_ground_range_is_linear_between_polynomials_and_constant_beyond(
    real: tuple[Annotation, dict[str, np.ndarray]],
):
    conversion = real[0].ground_range
    first, second = conversion.times_s[:2]
    ranges = np.full(4, conversion.origins_m[0] + 50_000.0)
    before, early, between, late = ground_range_m(
        conversion, np.array([first - 3, first, 0.75 * first + 0.25 * second, second]), ranges
    )
    assert before == early != late
    assert between == pytest.approx(0.75 * early + 0.25 * late, abs=1e-6)
