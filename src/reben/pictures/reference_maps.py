"""Reference maps of which much and little is labelled, as in the paper's Fig. 2: which patches are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reben.core.classes import UNLABELLED, Legend
from reben.pictures.rendering import class_colours, legend_columns, legend_entries, page_columns
from reben.pictures.saving import save_figure

_SIDE_IN, _CAPTION_IN, _LEGEND_LINE_IN = 2.5, 0.42, 0.2
_LEGEND_PT = 7.5
_KEPT, _DROPPED = "#1a7f37", "#c62828"  # the words say it, too


@dataclass(frozen=True, slots=True)
class MapPicture:
    """One reference map."""

    name: str
    classes: NDArray[np.int8]
    """Class of each pixel, shape (H, W), -1 where unlabelled."""
    kept: bool
    """Whether the patch is part of the data set."""

    @property
    def labelled(self) -> float:
        """Share of labelled pixels."""
        return float(np.mean(self.classes != UNLABELLED))


def draw_maps(target: Path, maps: Sequence[MapPicture], legend: Legend, *, title: str) -> None:
    """Draw reference maps with the share of labelled pixels, those of which most is labelled first.

    Args:
        target: file to write (.png, .pdf, .svg).
        maps: at least one.
        legend: names and colours of the classes.
        title: above all.
    """
    ordered = sorted(maps, key=lambda picture: -picture.labelled)
    columns = page_columns(len(ordered), widest=4, aspect=1.0)
    rows = -(-len(ordered) // columns)
    entries = legend_entries([picture.classes for picture in ordered], legend)
    width_in = _SIDE_IN * max(columns, 2)
    legend_parts = legend_columns([name for _, name in entries], width_in, font_pt=_LEGEND_PT)
    lines = -(-len(entries) // legend_parts)
    height_in = rows * (_SIDE_IN + _CAPTION_IN) + lines * _LEGEND_LINE_IN + 0.5
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    figure.suptitle(title, fontsize=11)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[], frame_on=False)
    for axes, picture in zip(grid.flat, ordered, strict=False):
        axes.imshow(class_colours(picture.classes, legend), interpolation="nearest")
        verdict = "kept" if picture.kept else "dropped"
        axes.set_title(picture.name, fontsize=5.5)
        axes.set_xlabel(
            f"{picture.labelled:.1%} labelled: {verdict}", fontsize=9, color=_KEPT if picture.kept else _DROPPED
        )
    handles = [Patch(facecolor=colour, edgecolor="#888888", label=name) for colour, name in entries]
    figure.legend(handles=handles, loc="outside lower center", ncols=legend_parts, fontsize=_LEGEND_PT, frameon=False)
    save_figure(figure, target)
