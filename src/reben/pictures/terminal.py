"""Patches in a terminal: each character shows two pixels, one above the other, in 24-bit colour."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.style import Style
from rich.text import Text

from reben.core.classes import Legend
from reben.core.text import printable
from reben.pictures.patch_pictures import PatchPicture
from reben.pictures.rendering import legend_entries

_UPPER_HALF = "\N{UPPER HALF BLOCK}"
WIDTH = 40
"""Characters across a picture."""


def blocks(image: NDArray[np.float64], width: int = WIDTH) -> Text:
    """An image as text: the upper pixel of a character is its ink, the lower one its paper.

    Args:
        image: red, green and blue from 0 to 1, shape (H, W, 3), square or nearly so.
        width: characters across; each shows the mean of the pixels that fall to it.
    """
    pixels = (_reduced(image, width) * 255).round().astype(np.uint8)
    text = Text(no_wrap=True, end="")
    for upper, lower in zip(pixels[::2], pixels[1::2], strict=True):
        for ink, paper in zip(upper.tolist(), lower.tolist(), strict=True):
            text.append(_UPPER_HALF, Style(color=Color.from_rgb(*ink), bgcolor=Color.from_rgb(*paper)))
        text.append("\n")
    return text


def _reduced(image: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    """Means over the cells of a grid with an even number of rows, shape (width rounded to even, width, 3)."""
    side = min(width, *image.shape[:2]) // 2 * 2
    rows, columns = (np.linspace(0, length, side, endpoint=False).astype(int) for length in image.shape[:2])
    sums = np.add.reduceat(np.add.reduceat(image, rows, axis=0), columns, axis=1)
    heights, widths = (
        np.diff([*edges, length]) for edges, length in zip((rows, columns), image.shape[:2], strict=True)
    )
    means: NDArray[np.float64] = sums / (heights[:, None, None] * widths[None, :, None])
    return means


def shown_in_terminal(patch: PatchPicture, legend: Legend, bands: Sequence[str] = (), width: int = WIDTH) -> Group:
    """A patch with its pictures side by side, its labels and the legend of its reference map.

    Args:
        patch: to show.
        legend: names and colours of the classes.
        bands: one or three that are shown instead of true colour and radar.
        width: characters across each picture.

    Raises:
        BandError: if there is nothing to show of a patch, or it lacks a band.
    """
    panels: list[RenderableType] = [
        Group(Text(title, style="dim"), blocks(image, width)) for title, image in patch.panels(legend, bands)
    ]
    entries = [] if patch.classes is None else legend_entries([patch.classes], legend)
    lines = [
        Text.assemble(("■ ", Style(color=Color.from_rgb(*(255 * part for part in colour)))), printable(name))
        for colour, name in entries
    ]
    return Group(
        Text(printable(patch.name), style="bold"), Text(printable("; ".join(patch.labels))), Columns(panels), *lines
    )
