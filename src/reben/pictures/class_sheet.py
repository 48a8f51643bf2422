"""A sheet with a row of patches per class: true colour, infrared, radar and reference map."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reben.core.bands import S1_BANDS
from reben.core.classes import Legend
from reben.pictures.patch_pictures import PatchPicture
from reben.pictures.rendering import class_colours, legend_columns, legend_entries, radar_colour, true_colour
from reben.pictures.saving import save_figure

INFRARED = ("B08", "B04", "B03")
"""Near infrared, red and green as red, green and blue: living plants are red."""

_PANEL_IN, _LEGEND_LINE_IN = 1.25, 0.22
_NAME_IN = 1.9
_LEGEND_PT = 7.0
_KINDS = _TRUE_COLOUR, _INFRARED, _RADAR, _MAP = "true colour", "infrared", "radar", "reference map"
_PLANTS_ARE_BRIGHTER = 0.55
"""Infrared light is reflected about twice as much as visible light by what is green."""


def draw_class_sheet(
    target: Path, patches: Mapping[str, Sequence[PatchPicture]], legend: Legend, *, title: str
) -> None:
    """Draw examples of each class.

    Args:
        target: file to write (.png, .pdf, .svg).
        patches: some of each class, by the name of the class; classes without any are left out.
        legend: names and colours of the classes.
        title: above all.
    """
    rows = {name: [_panels(picture, legend) for picture in found] for name, found in patches.items() if found}
    kinds = [kind for kind in _KINDS if any(kind in shown for found in rows.values() for shown in found)]
    panels = len(kinds)
    across = max(len(found) for found in rows.values())
    maps = [p.classes for found in patches.values() for p in found if p.classes is not None]
    entries = legend_entries(maps, legend)
    width_in = _NAME_IN + _PANEL_IN * panels * across
    legend_parts = legend_columns([name for _, name in entries], width_in, font_pt=_LEGEND_PT)
    lines = -(-len(entries) // legend_parts)
    size = (width_in, _PANEL_IN * len(rows) + lines * _LEGEND_LINE_IN + 0.8)
    figure = Figure(figsize=size, layout="constrained")
    figure.suptitle(title, fontsize=12)
    grid = figure.subplots(len(rows), panels * across, squeeze=False)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[], frame_on=False)
    for number, (line, (name, found)) in enumerate(zip(grid, rows.items(), strict=True)):
        for place, shown in enumerate(found):
            for axes, kind in zip(line[place * panels :], kinds, strict=False):
                axes.set_title(kind if number == 0 else "", fontsize=7.5)
                if kind in shown:
                    axes.imshow(shown[kind], interpolation="nearest")
        line[0].set_ylabel(_wrapped(name), rotation=0, ha="right", va="center", fontsize=7.5)
    if entries:
        handles = [Patch(facecolor=colour, edgecolor="#888888", label=name) for colour, name in entries]
        figure.legend(
            handles=handles, loc="outside lower center", ncols=legend_parts, fontsize=_LEGEND_PT, frameon=False
        )
    save_figure(figure, target, dpi=130)


def _panels(picture: PatchPicture, legend: Legend) -> dict[str, NDArray[np.float64]]:
    """Images of what there is, by kind."""
    shown = {kind: image for kind, image in picture.panels(legend) if kind == _TRUE_COLOUR}
    tensors = picture.tensors
    if all(name in tensors for name in INFRARED):
        composite = np.stack([tensors[name].astype(np.float64) for name in INFRARED], axis=-1)
        composite[..., 0] *= _PLANTS_ARE_BRIGHTER
        shown[_INFRARED] = true_colour(composite)
    if all(name in tensors for name in S1_BANDS):
        shown[_RADAR] = radar_colour(*(tensors[name] for name in S1_BANDS))
    if picture.classes is not None:
        shown[_MAP] = class_colours(picture.classes, legend)
    return shown


def _wrapped(name: str) -> str:
    words, lines = name.split(), [""]
    for word in words:
        if len(lines[-1]) + len(word) > 22:  # noqa: PLR2004 - characters that fit beside the panels
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)
