import numpy as np
import pytest

from reben.core.classes import CLC2018
from reben.core.errors import LegendError
from reben.core.palettes import colour_blind_safe, colour_distances, distinct_colours, legend_of_names

VISIONS = ("none", "deuteranopia", "protanopia")


def nearest(colours: object, vision: str) -> float:
    distances = colour_distances(colours, vision)
    return float(distances[np.triu_indices(len(distances), 1)].min())


@pytest.mark.parametrize("vision", VISIONS)
def test_no_pair_of_rebens_classes_looks_alike(vision: str):
    safe = colour_blind_safe(CLC2018)
    assert safe.class_names == CLC2018.class_names
    assert nearest(safe.class_colours, vision) > 18


def test_the_official_colours_do_not_manage_that():
    distances = colour_distances(CLC2018.class_colours, "deuteranopia")
    assert (distances[np.triu_indices(19, 1)] < 15).sum() == 23


def test_codes_and_classes_stay_and_codes_without_class_keep_their_colour():
    safe = colour_blind_safe(CLC2018)
    for before, after in zip(CLC2018.entries, safe.entries, strict=True):
        assert (before.code, before.name, before.class_name) == (after.code, after.name, after.class_name)
        assert before.class_name is not None or before.colour == after.colour


@pytest.mark.parametrize("count", [1, 2, 10, 40])
def test_any_number_of_colours(count: int):
    colours = distinct_colours(count)
    assert len(set(colours)) == count
    assert count == 1 or nearest(colours, "deuteranopia") > (15 if count <= 20 else 8)


def test_distances_are_those_of_the_literature():
    """White and black are 100 apart in L*; red and green of sRGB 170.6 (CIE 1976)."""
    distances = colour_distances([(255, 255, 255), (0, 0, 0), (255, 0, 0), (0, 255, 0)])
    assert distances[0, 1] == pytest.approx(100, abs=0.01)
    assert distances[2, 3] == pytest.approx(170.58, abs=0.1)


def test_a_legend_of_names():
    legend = legend_of_names(("a", "b"))
    assert legend.class_names == ("a", "b")
    assert [entry.code for entry in legend.entries] == [0, 1]
    with pytest.raises(LegendError, match="given twice"):
        legend_of_names(("a", "a"))
