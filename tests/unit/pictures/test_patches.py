from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from reben.pictures.patches import LabelledPatch, draw_patches


def patch(true: set[str], predicted: set[str]) -> LabelledPatch:
    rgb = np.random.default_rng(0).integers(0, 3000, (120, 120, 3)).astype(np.uint16)
    return LabelledPatch("a_patch_00_00", rgb, frozenset(true), frozenset(predicted))


def test_labels_are_marked_as_correct_missing_and_wrong():
    marked = patch({"Pastures", "Arable land", "Marine waters"}, {"Pastures", "Urban fabric"}).marked_labels()
    assert marked == [("C", "Pastures"), ("M", "Arable land"), ("M", "Marine waters"), ("W", "Urban fabric")]


@pytest.mark.parametrize("count", [1, 4, 5])
def test_the_picture_has_room_for_every_label(tmp_path: Path, count: int):
    names = {f"class {i}: a name that is so long that it needs a second line" for i in range(12)}
    few, many = tmp_path / "few.png", tmp_path / "many.png"
    draw_patches(few, [patch({"Pastures"}, {"Pastures"})] * count, title="few")
    draw_patches(many, [patch(names, {"Pastures"})] * count, title="many")
    small, large = imread(few), imread(many)
    assert small.shape[1] == large.shape[1]
    assert large.shape[0] > small.shape[0] + 12 * 2 * 15
    assert (large[-5:, :, :3] == 1).all()  # no label is cut off by the lower border
