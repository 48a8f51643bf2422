"""How bands and class maps become colours on the screen, the same in every picture."""

from collections.abc import Mapping, Sequence
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import BANDS, TRUE_COLOUR, true_colour_names
from reben.core.classes import Legend, Rgb
from reben.core.errors import BandError
from reben.core.wording import first_of

UNLABELLED_COLOUR = (0.62, 0.62, 0.62)
"""Grey: white would be paper, and a class may be black."""
UNLABELLED_NAME = "Unlabelled"

_WHITE_REFLECTANCE = 0.25
"""Shown as white. Cropland and forest lie below 0.15 in the visible bands, most soil and roofs below 0.25."""
_WHITE_INFRARED = 0.5
"""Of the bands in which leaves are bright, from the red edge's plateau on; summer crops reach 0.5."""
_BRIGHT_LEAVES = ("B06", "B07", "B08", "B8A", "B09")
GAMMA = 1.8
"""Brightens dark ground, such as forest and water, which fills most of a patch."""
_REFLECTANCE_SCALE = 10_000
_CHANNELS = 3
_LETTER_WIDTH, _HANDLE_LETTERS = 0.56, 5.0
"""Of a letter, on average, and of what stands before and behind a name in a legend; in sizes of the letters."""
RADAR_RATIO_DB = 15.0
"""Ratio of VV to VH that is shown as blue; 3 over cities, 10 over water and bare ground."""
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
    brightness: NDArray[np.float64] = share.clip(0, 1) ** (1 / GAMMA)
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
    blue = (vv - vh) / RADAR_RATIO_DB
    colours: NDArray[np.float64] = np.stack([red, green, blue], axis=-1).clip(0, 1)
    return colours


def limits_of(band: str) -> tuple[float, float] | None:
    """The stored values of a band of reBEN that are shown as black and as white; None for other bands.

    >>> limits_of("B04"), limits_of("B08"), limits_of("VV")
    ((0.0, 2500.0), (0.0, 5000.0), (-22.0, -2.0))
    """
    if band in _DARKEST_DB:
        return _DARKEST_DB[band], _LIGHTEST_DB[band]
    if band not in BANDS:
        return None
    return 0.0, (_WHITE_INFRARED if band in _BRIGHT_LEAVES else _WHITE_REFLECTANCE) * _REFLECTANCE_SCALE


def composite(tensors: Mapping[str, NDArray[Any]], names: Sequence[str]) -> NDArray[np.float64]:
    """Any one or three bands as grey or as red, green and blue; each from 0 to 1, shape (H, W, 3).

    Bands of reBEN have one stretch for all pictures, others that of their least and greatest value. Coarser bands are
    enlarged to the finest.

    Args:
        tensors: bands by name, each of shape (rows, columns).
        names: which of them.

    Raises:
        BandError: if the patch lacks one, or their number is neither one nor three.
    """
    missing = [name for name in names if name not in tensors]
    if missing or len(names) not in {1, _CHANNELS}:
        said = f"band {missing[0]!r} is not in the patch" if missing else f"{len(names)} bands are no picture"
        raise BandError(said, hint=f"give one or three of {first_of(list(tensors), most=20)}")
    rows = max(len(tensors[name]) for name in names)
    channels = [_brightness(name, np.asarray(tensors[name])) for name in names]
    enlarged = [np.kron(channel, np.ones((rows // len(channel),) * 2)) for channel in channels]
    return np.stack(enlarged * (_CHANNELS // len(enlarged)), axis=-1)


def _brightness(name: str, pixels: NDArray[Any]) -> NDArray[np.float64]:
    """A band from 0 to 1; reflectance with the curve of true colour, decibels as they are."""
    known = limits_of(name)
    low, high = known or (float(pixels.min()), float(pixels.max()))
    share: NDArray[np.float64] = ((pixels.astype(np.float64) - low) / max(high - low, 1e-9)).clip(0, 1)
    return share if name in _DARKEST_DB or known is None else share ** (1 / GAMMA)


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
