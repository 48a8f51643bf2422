from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from defusedxml.ElementTree import parse

from reben.core.errors import ProductError
from reben.io.safe.grd.annotation import StateVectors, parse_annotation
from reben.tile.sentinel1.grd.orbit import fit_orbit
from stand_ins.grd import Grd


def circle(count: int = 14) -> StateVectors:
    times = np.arange(count) * 10.0 - 60
    return StateVectors(times, Grd().satellite(times))


def test_between_state_vectors_the_orbit_is_smooth():
    times = np.linspace(-30, 30, 50)
    position, velocity, acceleration = fit_orbit(circle(), "it").at(times)
    assert np.abs(position - Grd().satellite(times)).max() < 1e-4
    step = 1e-3
    assert velocity == pytest.approx(
        (Grd().satellite(times + step) - Grd().satellite(times - step)) / (2 * step), abs=1e-3
    )
    assert np.linalg.norm(acceleration, axis=-1) == pytest.approx(
        7_500**2 / np.linalg.norm(position, axis=-1), rel=1e-4
    )


def test_real_state_vectors_lie_on_the_orbit_and_have_its_velocity(shared_data: Path):
    (file,) = (shared_data / "s1_grd").glob("*.SAFE/annotation/s1b*.xml")
    root = parse(file).getroot()
    vectors = parse_annotation(str(file), root).vectors
    position, velocity, _ = fit_orbit(vectors, "it").at(vectors.times_s)
    stated = np.array([[float(axis.text) for axis in element] for element in root.iter("velocity")])
    assert np.abs(position - vectors.positions_m).max() < 1e-5
    assert np.abs(velocity - stated).max() < 1e-4


def test_damaged_state_vectors_are_refused():
    vectors = circle()
    positions = vectors.positions_m.copy()
    positions[5, 1] += 30
    with pytest.raises(ProductError, match=r"it: state vectors leave the orbit through them by [0-9.]+ m"):
        fit_orbit(replace(vectors, positions_m=positions), "it")
