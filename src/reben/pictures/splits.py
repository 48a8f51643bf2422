"""The splits of a tile's patches side by side, as in the paper's Fig. 3."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reben.core.names import SPLIT_NAMES
from reben.core.palettes import SPLIT_COLOURS
from reben.pictures.rendering import rgb_share
from reben.pictures.saving import save_figure

NO_PATCH = -1
_SIDE_IN = 4.4
_WHITE = (1.0, 1.0, 1.0)


def draw_splits(target: Path, grids: Mapping[str, NDArray[np.int8]], *, title: str) -> None:
    """Draw the patches of a tile, north up, coloured by their split; white where there is no patch.

    Args:
        target: file to write (.png, .pdf, .svg).
        grids: by title, index in `SPLIT_NAMES` of each patch, or `NO_PATCH`; shape (rows, columns).
        title: above all.
    """
    figure = Figure(figsize=(_SIDE_IN * len(grids), _SIDE_IN + 1.0), layout="constrained")
    figure.suptitle(title, fontsize=11)
    colours = np.array([*(rgb_share(SPLIT_COLOURS[name]) for name in SPLIT_NAMES), _WHITE])  # -1 is the last one
    for letter, axes, (name, grid) in zip(
        "abcdefgh", figure.subplots(1, len(grids), squeeze=False)[0], grids.items(), strict=False
    ):
        axes.imshow(colours[grid], interpolation="nearest")
        counts = ", ".join(f"{int((grid == i).sum()):,} {split}" for i, split in enumerate(SPLIT_NAMES))
        axes.set_title(f"({letter}) {name}\n{counts}", fontsize=8.5)
        axes.set(xticks=[], yticks=[])
    handles = [Patch(facecolor=rgb_share(SPLIT_COLOURS[name]), edgecolor="#888888", label=name) for name in SPLIT_NAMES]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9, frameon=False)
    save_figure(figure, target)
