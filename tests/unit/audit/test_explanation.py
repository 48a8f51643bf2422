import numpy as np
import pytest
from numpy.typing import NDArray

from reben.audit.explanation import explain
from reben.audit.findings import Kind
from reben.audit.matching import Unit

_RANDOM = np.random.default_rng(0)
REFLECTANCE = [_RANDOM.integers(50, 6000, (60, 60)).astype(np.uint16) for _ in range(3)]
DECIBELS = [_RANDOM.normal(-12, 4, (120, 120)).astype(np.float32) for _ in range(2)]


def kinds(old: list[NDArray], new: list[NDArray], band: str = "B05", unit: Unit = Unit.published) -> list[Kind] | None:
    steps = explain(old, new, band, unit)
    return None if steps is None else [step.kind for step in steps]


def test_equal_values_need_no_explanation():
    assert kinds(REFLECTANCE, REFLECTANCE) == []
    assert kinds(REFLECTANCE, [x.astype(np.float64) for x in REFLECTANCE]) == []


def test_several_things_done_to_values_are_told_apart():
    new = [np.minimum(x.astype(np.float32) + 1000, 4000) / 10_000 for x in REFLECTANCE]
    steps = explain(REFLECTANCE, new, "B05", Unit.published)
    assert steps is not None
    assert Kind.clipped in [step.kind for step in steps]
    power = [np.minimum(10 ** (x / 10), 0.2) for x in DECIBELS]
    assert kinds(DECIBELS, power, "VV", Unit.power) == [Kind.unit, Kind.clipped]


@pytest.mark.parametrize(("function", "how"), [(np.trunc, "cut"), (np.rint, "rounded"), (np.floor, "rounded down")])
def test_ways_to_round(function: np.ufunc, how: str):
    steps = explain(DECIBELS, [function(x) for x in DECIBELS], "VV", Unit.published)
    assert steps is not None
    assert [(step.kind, step.evidence) for step in steps] == [(Kind.rounded, {"how": how})]


def test_values_that_do_not_follow_are_not_explained():
    other = [_RANDOM.integers(50, 6000, (60, 60)).astype(np.uint16) for _ in range(3)]
    curved = [np.sqrt(x.astype(np.float64)) for x in REFLECTANCE]
    assert kinds(REFLECTANCE, other) is None
    assert kinds(REFLECTANCE, curved) is None


def test_nothing_but_numbers_that_are_none_is_not_explained():
    assert kinds(REFLECTANCE, [np.full((60, 60), np.nan)] * 3) is None
