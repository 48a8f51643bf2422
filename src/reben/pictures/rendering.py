"""How bands and class maps become colours on the screen, the same in every picture."""

from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import TRUE_COLOUR, true_colour_names
from reben.core.classes import Legend, Rgb
from reben.core.errors import BandError
from reben.core.wording import first_of

UNLABELLED_COLOUR = (0.62, 0.62, 0.62)
"""Grey: white would be paper, and a class may be black."""
UNLABELLED_NAME = "Unlabelled"

_WHITE_REFLECTANCE = 0.25
"""Shown as white. Cropland and forest lie below 0.15 in the visible bands, most soil and roofs below 0.25."""
_GAMMA = 1.8
"""Brightens dark ground, such as forest and water, which fills most of a patch."""
_REFLECTANCE_SCALE = 10_000
_LETTER_WIDTH, _HANDLE_LETTERS = 0.56, 5.0
"""Of a letter, on average, and of what stands before and behind a name in a legend; in sizes of the letters."""
_DARKEST_DB, _LIGHTEST_DB = {"VV": -22.0, "VH": -29.0}, {"VV": -2.0, "VH": -8.0}
"""Of backscatter on land; two standard deviations of reBEN around its means."""


def true_colour(rgb: NDArray[np.generic]) -> NDArray[np.float64]:
    """Brightness from 0 to 1 of red, green and blue bands, with one stretch for all pictures; shape as `rgb`.

    Patches are comparable, since the stretch does not depend on them.

    Args:
        rgb: shape (..., 3); reflectance times 10,000, or bytes, which are shown as they are.
    """
    if rgb.dtype == np.uint8:
        return rgb.astype(np.float64) / 255
    share = rgb.astype(np.float64) / _REFLECTANCE_SCALE / _WHITE_REFLECTANCE
    brightness: NDArray[np.float64] = share.clip(0, 1) ** (1 / _GAMMA)
    return brightness


def rgb_of(patch_id: str, tensors: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Red, green and blue band of a patch, shape (H, W, 3), as they are stored.

    Raises:
        BandError: if it has none.
    """
    names = true_colour_names(tensors)
    if names is None:
        raise BandError(
            f"{patch_id}: cannot be shown in true colour, it has {first_of(list(tensors), most=20)}",
            hint=f"{', '.join(TRUE_COLOUR)} are needed, or bands that are called red, green and blue",
        )
    return np.stack([tensors[name] for name in names], axis=-1)


def radar_colour(vv: NDArray[np.floating], vh: NDArray[np.floating]) -> NDArray[np.float64]:
    """Backscatter as colours: red VV, green VH, blue their ratio; each from 0 to 1, shape (H, W, 3).

    Args:
        vv: in dB, shape (H, W).
        vh: in dB, shape (H, W).
    """
    red, green = (
        (pixels - _DARKEST_DB[name]) / (_LIGHTEST_DB[name] - _DARKEST_DB[name])
        for name, pixels in (("VV", vv), ("VH", vh))
    )
    blue = (vv - vh) / 15.0  # dB; 3 over cities, 10 over water and bare ground
    colours: NDArray[np.float64] = np.stack([red, green, blue], axis=-1).clip(0, 1)
    return colours


def class_colours(classes: NDArray[np.int8], legend: Legend) -> NDArray[np.float64]:
    """A class map in the legend's colours, each from 0 to 1, shape (H, W, 3); grey where there is no class."""
    colours = np.array([*(rgb_share(colour) for colour in legend.class_colours), UNLABELLED_COLOUR])
    image: NDArray[np.float64] = colours[classes]  # -1 is the last one
    return image


def rgb_share(colour: Rgb) -> tuple[float, float, float]:
    """A colour with parts from 0 to 1, as matplotlib wants it."""
    red, green, blue = colour
    return red / 255, green / 255, blue / 255


def legend_entries(maps: Sequence[NDArray[np.int8]], legend: Legend) -> list[tuple[tuple[float, float, float], str]]:
    """Colour and name of each class that occurs in some maps, and of unlabelled pixels if there are any."""
    found = sorted({int(i) for classes in maps for i in np.unique(classes)})
    entries = [(rgb_share(legend.class_colours[i]), legend.class_names[i]) for i in found if i >= 0]
    return entries + [(UNLABELLED_COLOUR, UNLABELLED_NAME)] * any(i < 0 for i in found)


def legend_columns(names: Sequence[str], width_in: float, *, font_pt: float) -> int:
    """Columns of a legend that fits into a figure.

    Args:
        names: of the entries.
        width_in: of the figure, in inches.
        font_pt: size of the letters, in points.

    >>> legend_columns(["Pastures", "Urban fabric"], 6.0, font_pt=8), legend_columns(["x" * 90], 6.0, font_pt=8)
    (2, 1)
    """
    longest = max(map(len, names), default=0)
    column_in = (longest * _LETTER_WIDTH + _HANDLE_LETTERS) * font_pt / 72  # points per inch
    return max(1, min(len(names), int(width_in / column_in)))


def page_columns(panels: int, *, height: float = 1.0, widest: int = 6, aspect: float = 1.4) -> int:
    """Columns of a sheet that is about as high as `aspect` times its width, as a page is.

    Args:
        panels: how many there are.
        height: of a panel with its caption, as a share of its width.
        widest: most columns; more would be too small to read.
        aspect: height of the page, as a share of its width.

    >>> page_columns(4), page_columns(21), page_columns(100), page_columns(12, height=1.6)
    (2, 4, 6, 4)
    """
    return max(1, min(widest, panels, ceil(sqrt(panels * height / aspect))))


def spread(names: Sequence[str], most: int) -> list[str]:
    """Some of the names, at equal distances.

    >>> spread(["a", "b", "c", "d", "e"], 3)
    ['a', 'c', 'e']
    """
    if not names:
        return []
    return [names[i] for i in np.unique(np.linspace(0, len(names) - 1, min(most, len(names))).astype(int))]
