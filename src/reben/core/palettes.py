"""Colours that remain distinguishable for readers with colour vision deficiencies.

The official colours of CORINE Land Cover are right for maps beside other CORINE maps, but 23 of the 171 pairs of
reBEN's 19 classes look alike with deuteranopia. The palette here is chosen greedily: each colour is the one that is
farthest from all before, for normal vision, deuteranopia and protanopia alike.

Sources: simulation of both deficiencies, Machado, Oliveira and Fernandes, IEEE TVCG 15(6), 2009 (severity 1.0); sRGB
and CIE L*a*b*, IEC 61966-2-1 and CIE 15:2004, white point D65.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from reben.core.classes import LandCover, Legend, Rgb
from reben.core.errors import LegendError

PaletteName = Literal["legend", "colour-blind"]
"""Whose colours the classes have: the legend's own, or ones that colour-blind readers tell apart."""

Floats = NDArray[np.float64]

SPLIT_COLOURS: dict[str, Rgb] = {"train": (0, 114, 178), "validation": (240, 228, 66), "test": (0, 158, 115)}
"""Blue, yellow and green as in the paper's Fig. 3, in the shades of Okabe and Ito (Color Universal Design, 2008)."""
CHANGE_COLOURS: dict[str, Rgb] = {"kept": (170, 170, 170), "added": (0, 114, 178), "removed": (213, 94, 0)}
"""Of labels that two versions share, or only one has; blue and vermilion of the same palette."""

_DEFICIENCIES: dict[str, Floats] = {
    "none": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}
"""Matrices for linear RGB."""

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _TO_XYZ.sum(axis=1)
_STEPS = 13
"""Candidates along each axis of the colour cube."""
_DARKEST, _LIGHTEST = 22.0, 92.0
"""L* of candidates: neither like black ink nor like paper."""


def colour_distances(colours: ArrayLike, vision: str = "none") -> Floats:
    """CIE 1976 distance of each pair of colours; below some 15 they are hard to tell apart in a map.

    Args:
        colours: red, green, blue from 0 to 255, shape (n, 3).
        vision: `none`, `deuteranopia` or `protanopia`: the deficiency that is simulated.

    Returns:
        shape (n, n).
    """
    lab = _lab(np.asarray(colours, np.float64), _DEFICIENCIES[vision])
    distances: Floats = np.linalg.norm(lab[:, None] - lab[None], axis=-1)
    return distances


@cache
def distinct_colours(count: int) -> tuple[Rgb, ...]:
    """Colours that are as different as possible for all three kinds of vision, the most different ones first."""
    axis = np.linspace(0, 255, _STEPS).round()
    cube = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    lightness = _lab(cube, _DEFICIENCIES["none"])[:, 0]
    cube = cube[(lightness >= _DARKEST) & (lightness <= _LIGHTEST)]
    seen = np.stack([_lab(cube, matrix) for matrix in _DEFICIENCIES.values()], axis=1)  # (candidates, visions, 3)
    chosen = [int(seen[:, 0, 0].argmin())]
    nearest = np.full(len(cube), np.inf)
    while len(chosen) < count:
        nearest = np.minimum(nearest, np.linalg.norm(seen - seen[chosen[-1]], axis=-1).min(axis=1))
        chosen.append(int(nearest.argmax()))
    return tuple((int(red), int(green), int(blue)) for red, green, blue in cube[chosen[:count]])


def legend_of_names(names: Sequence[str], name: str = "classes of the data set") -> Legend:
    """A legend of class names alone, in colours that are easy to tell apart; codes count from 0.

    Raises:
        LegendError: if there are no or too many names, or one occurs twice.
    """
    if len(set(names)) < len(names):
        raise LegendError(f"classes {', '.join(names)}: one of them is given twice")
    colours = distinct_colours(len(names))
    return Legend(name, tuple(LandCover(code, n, colours[code], n) for code, n in enumerate(names)))


def in_palette(legend: Legend, palette: PaletteName) -> Legend:
    """The legend in its own colours, or in those of `colour_blind_safe`."""
    return colour_blind_safe(legend) if palette == "colour-blind" else legend


def colour_blind_safe(legend: Legend) -> Legend:
    """The legend in colours of the palette, each class in the one that is most like its own among those left."""
    free = list(distinct_colours(len(legend.class_names)))
    given: dict[str | None, Rgb] = {}
    for name, colour in zip(legend.class_names, legend.class_colours, strict=True):
        own, *others = _lab(np.array([colour, *free], np.float64), _DEFICIENCIES["none"])
        given[name] = free.pop(int(np.linalg.norm(np.array(others) - own, axis=1).argmin()))
    entries = tuple(replace(entry, colour=given.get(entry.class_name, entry.colour)) for entry in legend.entries)
    return Legend(legend.name, entries)


def _lab(colours: Floats, deficiency: Floats) -> Floats:
    """CIE L*a*b* of colours as somebody with the deficiency sees them, shape (n, 3)."""
    share = colours / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 - IEC 61966-2-1
    relative = (linear @ deficiency.T).clip(0, 1) @ _TO_XYZ.T / _WHITE
    delta = 6 / 29
    f = np.where(relative > delta**3, np.cbrt(relative), relative / (3 * delta**2) + 4 / 29)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=-1)
