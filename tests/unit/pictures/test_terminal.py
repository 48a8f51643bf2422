from io import StringIO

import numpy as np
import pytest
from rich.console import Console

from reben.core.classes import CLC2018
from reben.core.errors import BandError
from reben.pictures.patch_pictures import PatchPicture
from reben.pictures.terminal import blocks, shown_in_terminal


def printed(thing: object) -> str:
    console = Console(file=StringIO(), force_terminal=True, color_system="truecolor", width=200)
    console.print(thing)
    return console.file.getvalue()


def test_a_character_has_the_colours_of_the_two_pixels_that_it_covers():
    image = np.zeros((4, 4, 3))
    image[:2] = (1, 0, 0)
    image[2:] = (0, 0, 1)
    text = printed(blocks(image, 2))
    assert text.count("\N{UPPER HALF BLOCK}") == 2
    assert "38;2;255;0;0;48;2;0;0;255" in text


@pytest.mark.parametrize("side", [7, 20, 120])
def test_cells_are_means_of_their_pixels(side: int):
    image = np.random.default_rng(side).random((side, side, 3))
    text = blocks(image, 6)
    assert len(text.plain.splitlines()) == 3
    inks = [span.style.color.triplet for span in text.spans]
    assert np.mean([ink.red for ink in inks]) / 255 == pytest.approx(image[..., 0].mean(), abs=0.15)


def test_a_patch_with_labels_and_legend():
    patch = PatchPicture(
        "patch\x1b[31m",
        {name: np.full((8, 8), 900, np.uint16) for name in ("B02", "B03", "B04", "B08")},
        ("Pastures",),
        np.zeros((8, 8), np.int8),
    )
    text = printed(shown_in_terminal(patch, CLC2018))
    assert "true colour" in text
    assert "Pastures" in text
    assert CLC2018.class_names[0] in text
    assert "patch\\x1b[31m" in text
    assert "B08, B04, B03" in printed(shown_in_terminal(patch, CLC2018, ("B08", "B04", "B03")))
    with pytest.raises(BandError, match="'B12' is not in the patch"):
        shown_in_terminal(patch, CLC2018, ("B12",))
