"""A picture of patches with their true and predicted labels, marked as in the paper's Fig. 1."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reben.core.classes import CLC2018, Legend
from reben.pictures.rendering import class_colours, legend_entries, page_columns, true_colour
from reben.pictures.saving import save_figure

_COLUMNS_WITH_MAPS = 2
_IMAGE_IN, _LINE_IN, _HEAD_IN = 3.4, 0.18, 0.9  # inches
_MAP_SHARE = 0.72  # of the size of an image, so that three fit into the place of two
_PANEL_HEIGHT = 1.6  # of an image with its caption, as a share of its width
_WRAP = 42  # characters per line of a label
_CORRECT, _WRONG, _MISSING = "#1a7f37", "#c62828", "#b26a00"  # told apart by the letter, too


@dataclass(frozen=True, slots=True)
class LabelledPatch:
    """One patch of the picture."""

    patch_id: str
    rgb: NDArray[np.generic]
    """Red, green and blue band, shape (H, W, 3), reflectance in any unit."""
    true: frozenset[str]
    predicted: frozenset[str]
    maps: tuple[NDArray[np.int8], NDArray[np.int8]] | None = None
    """True and predicted class of each pixel, shape (H, W), -1 where unlabelled."""

    def marked_labels(self) -> list[tuple[str, str]]:
        """Mark and label: C for a correct label, M for one missing in the prediction, W for a wrong one."""
        marked = {"C": self.true & self.predicted, "M": self.true - self.predicted, "W": self.predicted - self.true}
        return [(mark, label) for mark, labels in marked.items() for label in sorted(labels)]


def draw_patches(target: Path, patches: Sequence[LabelledPatch], *, title: str, legend: Legend = CLC2018) -> None:
    """Draw each patch in true colour, its true and predicted map if it has them, and below it its labels.

    Args:
        target: file to write (.png, .pdf, .svg).
        patches: at least one.
        title: above all.
        legend: names and colours of the classes of maps.
    """
    with_maps = any(patch.maps is not None for patch in patches)
    columns, panels = (
        (min(_COLUMNS_WITH_MAPS, len(patches)), 3)
        if with_maps
        else (page_columns(len(patches), height=_PANEL_HEIGHT), 1)
    )
    image_in = _IMAGE_IN * (_MAP_SHARE if with_maps else 1)
    rows = [patches[i : i + columns] for i in range(0, len(patches), columns)]
    captions_in = [_LINE_IN * (1 + max(len(_caption(patch)) for patch in row)) for row in rows]
    heights_in = [height for caption_in in captions_in for height in (image_in, caption_in)]
    shown = legend_entries([classes for patch in patches for classes in patch.maps or ()], legend)
    legend_in = _LINE_IN * 1.4 * (len(shown) // 3 + 1) if shown else 0
    figure = Figure(figsize=(image_in * columns * panels, _HEAD_IN + sum(heights_in) + legend_in), layout="constrained")
    marks = "\n(C) correct   (M) missing   (W) wrong" if any(map(_caption, patches)) else ""
    figure.suptitle(f"{title}{marks}", fontsize=12)
    grid = figure.subplots(2 * len(rows), columns * panels, squeeze=False, height_ratios=heights_in)
    for axes in grid.flat:
        axes.set_axis_off()
    for images, captions, row, caption_in in zip(grid[::2], grid[1::2], rows, captions_in, strict=True):
        for number, patch in enumerate(row):
            _draw_panels(images[number * panels :], patch, legend)
            _write_caption(captions[number * panels], patch, caption_in)
    if shown:
        handles = [Patch(facecolor=colour, edgecolor="#888888", label=name) for colour, name in shown]
        figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    save_figure(figure, target, dpi=110)


def _draw_panels(axes: Sequence[Axes], patch: LabelledPatch, legend: Legend) -> None:
    """The image of a patch, and its maps."""
    axes[0].imshow(true_colour(patch.rgb), interpolation="nearest")
    axes[0].set_title(patch.patch_id, fontsize=5.5 if patch.maps else 6.5, loc="left")
    if patch.maps is None:
        return
    for panel, classes, name in zip(axes[1:3], patch.maps, ("reference map", "predicted map"), strict=True):
        panel.imshow(class_colours(classes, legend), interpolation="nearest")
        panel.set_title(name, fontsize=7.5)


def _caption(patch: LabelledPatch) -> list[tuple[str, str]]:
    """Lines below a patch, with their colours."""
    colours = {"C": _CORRECT, "M": _MISSING, "W": _WRONG}
    return [
        (line, colours[mark])
        for mark, label in patch.marked_labels()
        for line in textwrap.wrap(f"({mark}) {label}", _WRAP, subsequent_indent="      ")
    ]


def _write_caption(axes: Axes, patch: LabelledPatch, height_in: float) -> None:
    for number, (line, colour) in enumerate(_caption(patch)):
        axes.text(
            0, 1 - number * _LINE_IN / height_in, line, transform=axes.transAxes, va="top", fontsize=8.5, color=colour
        )
