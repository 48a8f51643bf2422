"""A picture of a whole tile: what the satellite saw, and beside it the classes that a model sees there."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reben.core.classes import Legend
from reben.pictures.rendering import class_colours, legend_entries, true_colour
from reben.pictures.saving import save_figure

_SIDE_IN = 6.0
_HEAD_IN, _LEGEND_LINE_IN = 0.8, 0.24
_LEGEND_COLUMNS = 3
_MARGIN = 0.05
"""Around what is known, as a share of it."""
_MOST_PX = 1200
"""Along one side of what is drawn; more would not be seen."""


def draw_tile(
    target: Path, classes: NDArray[np.int8], legend: Legend, *, title: str, rgb: NDArray[np.generic] | None = None
) -> None:
    """Write a PNG with a class map and its legend, beside the tile in true colour.

    Args:
        target: PNG file to write.
        classes: shape (rows, columns) at any resolution, -1 where there is no class.
        legend: names and colours of the classes.
        title: above all.
        rgb: red, green and blue band of the same ground, shape (H, W, 3), in any unit, 0 where nothing was seen; None
            leaves it out.
    """
    top, bottom, left, right = _valid_part(classes >= 0)
    if rgb is not None:
        factor = rgb.shape[0] / classes.shape[0]
        rgb = rgb[round(top * factor) : round(bottom * factor), round(left * factor) : round(right * factor)]
    classes = classes[top:bottom, left:right]
    step = max(1, -(-max(classes.shape) // _MOST_PX))
    reduced = classes[::step, ::step]
    shown = legend_entries([reduced], legend)
    panels = 1 if rgb is None else 2
    lines = -(-len(shown) // _LEGEND_COLUMNS)
    figure = Figure(figsize=(_SIDE_IN * panels, _SIDE_IN + _HEAD_IN + _LEGEND_LINE_IN * lines), layout="constrained")
    figure.suptitle(title, fontsize=11)
    axes = figure.subplots(1, panels, squeeze=False)[0]
    if rgb is not None:
        _show(axes[0], _quicklook(rgb), "true colour")
    _show(axes[-1], class_colours(reduced, legend), "predicted classes")
    handles = [Patch(facecolor=colour, edgecolor="#888888", label=name) for colour, name in shown]
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=_LEGEND_COLUMNS, fontsize=8, frameon=False)
    save_figure(figure, target, dpi=110)


def _valid_part(known: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """First and last row and column of what is known, with a margin; everything if nothing is.

    Args:
        known: shape (rows, columns).
    """
    if not known.any():
        return 0, known.shape[0], 0, known.shape[1]
    edges = []
    for axis, length in ((1, known.shape[0]), (0, known.shape[1])):
        places = np.flatnonzero(known.any(axis=axis))
        margin = max(1, round((places[-1] + 1 - places[0]) * _MARGIN))
        edges += [max(0, int(places[0]) - margin), min(length, int(places[-1]) + 1 + margin)]
    return edges[0], edges[1], edges[2], edges[3]


def _quicklook(rgb: NDArray[np.generic]) -> NDArray[np.float64]:
    """True colour; white where nothing was seen."""
    step = max(1, -(-max(rgb.shape) // _MOST_PX))
    reduced = rgb[::step, ::step]
    unseen = reduced.astype(np.float64).min(axis=-1) <= 0
    image = true_colour(reduced)
    image[unseen] = 1
    return image


def _show(axes: Axes, image: NDArray[np.float64], title: str) -> None:
    axes.imshow(image, interpolation="nearest")
    axes.set_title(title, fontsize=9)
    axes.set_axis_off()
