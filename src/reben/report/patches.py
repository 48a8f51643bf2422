"""A picture of patches with their true and predicted labels, marked as in the paper's Fig. 1."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reben.io import atomic

_COLUMNS = 4
_IMAGE_IN, _LINE_IN, _HEAD_IN = 3.4, 0.18, 0.9  # inches
_WRAP = 42  # characters per line of a label
_LOW, _HIGH = 2, 98  # percentiles of the stretch
_CORRECT, _WRONG, _MISSING = "#1a7f37", "#c62828", "#b26a00"  # told apart by the letter, too


@dataclass(frozen=True, slots=True)
class LabelledPatch:
    """One patch of the picture."""

    patch_id: str
    rgb: NDArray[np.generic]
    """Red, green and blue band, shape (H, W, 3), reflectance in any unit."""
    true: frozenset[str]
    predicted: frozenset[str]

    def marked_labels(self) -> list[tuple[str, str]]:
        """Mark and label: C for a correct label, M for one missing in the prediction, W for a wrong one."""
        marked = {"C": self.true & self.predicted, "M": self.true - self.predicted, "W": self.predicted - self.true}
        return [(mark, label) for mark, labels in marked.items() for label in sorted(labels)]


def draw_patches(target: Path, patches: Sequence[LabelledPatch], *, title: str) -> None:
    """Write a PNG with each patch in true colour, and below it its labels.

    Args:
        target: PNG file to write.
        patches: at least one.
        title: above all.
    """
    rows = [patches[i : i + _COLUMNS] for i in range(0, len(patches), _COLUMNS)]
    captions_in = [_LINE_IN * (1 + max(len(_caption(patch)) for patch in row)) for row in rows]
    heights_in = [height for caption_in in captions_in for height in (_IMAGE_IN, caption_in)]
    figure = Figure(figsize=(_IMAGE_IN * _COLUMNS, _HEAD_IN + sum(heights_in)), layout="constrained")
    figure.suptitle(f"{title}\n(C) correct   (M) missing   (W) wrong", fontsize=12)
    grid = figure.subplots(2 * len(rows), _COLUMNS, squeeze=False, height_ratios=heights_in)
    for axes in grid.flat:
        axes.set_axis_off()
    for images, captions, row, caption_in in zip(grid[::2], grid[1::2], rows, captions_in, strict=True):
        for image, caption, patch in zip(images, captions, row, strict=False):
            image.imshow(stretch(patch.rgb), interpolation="nearest")
            image.set_title(patch.patch_id, fontsize=6.5)
            _write_caption(caption, patch, caption_in)
    with atomic.new_file(target) as partial:
        figure.savefig(partial, format="png", dpi=110)


def stretch(rgb: NDArray[np.generic]) -> NDArray[np.float64]:
    """Brightness from 0 to 1 for the screen, with the darkest and lightest two per cent cut off; shape as `rgb`."""
    values = rgb.astype(np.float64)
    low, high = np.percentile(values, (_LOW, _HIGH))
    stretched: NDArray[np.float64] = np.clip((values - low) / max(high - low, 1e-9), 0.0, 1.0)
    return stretched


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
