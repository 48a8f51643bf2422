"""A picture of a patch and those that were found for it."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from reben.core.errors import KeyNotFoundError
from reben.io.store import Store
from reben.pictures.rendering import page_columns, rgb_of, true_colour
from reben.pictures.saving import save_figure

if TYPE_CHECKING:
    from reben.learn.retrieval.neighbours import Neighbour

_IMAGE_IN, _LINE_IN, _HEAD_IN = 3.0, 0.17, 0.7  # inches
_PANEL_HEIGHT = 1.6  # of an image with its caption, as a share of its width
_WRAP = 40  # characters per line of a label
_SHARED, _OTHER, _QUERY = "#1a7f37", "#57606a", "#0550ae"  # shared labels have a +, too


@dataclass(frozen=True, slots=True)
class Shown:
    """One patch of the picture."""

    patch_id: str
    rgb: NDArray[np.generic]
    """Red, green and blue band, shape (H, W, 3), reflectance in any unit."""
    title: str
    labels: tuple[str, ...]
    shared: frozenset[str]
    """Labels that the query has, too."""


def draw_neighbours(target: Path, query: Shown, found: Sequence[Shown], *, title: str) -> None:
    """Write a PNG with the query first, then what was found, each with its labels.

    Args:
        target: PNG file to write.
        query: what was searched for.
        found: the nearest first.
        title: above all.
    """
    shown = [query, *found]
    columns = page_columns(len(shown), height=_PANEL_HEIGHT)
    rows = [shown[i : i + columns] for i in range(0, len(shown), columns)]
    captions_in = [_LINE_IN * (1 + max(len(_caption(patch)) for patch in row)) for row in rows]
    heights_in = [height for caption_in in captions_in for height in (_IMAGE_IN, caption_in)]
    figure = Figure(figsize=(_IMAGE_IN * columns, _HEAD_IN + sum(heights_in)), layout="constrained")
    figure.suptitle(f"{title}\n(+) label of the query", fontsize=11)
    grid = figure.subplots(2 * len(rows), columns, squeeze=False, height_ratios=heights_in)
    for axes in grid.flat:
        axes.set_axis_off()
    for images, captions, row, caption_in in zip(grid[::2], grid[1::2], rows, captions_in, strict=True):
        for image, caption, patch in zip(images, captions, row, strict=False):
            image.imshow(true_colour(patch.rgb), interpolation="nearest")
            colour = _QUERY if patch is query else "black"
            image.set_title(f"{patch.title}\n{patch.patch_id}", fontsize=6.5, color=colour)
            _write_caption(caption, patch, caption_in)
    save_figure(figure, target, dpi=110)


def show_retrieval(
    query_id: str, labels: Sequence[str], found: "Sequence[Neighbour]", stores: Sequence[Store]
) -> tuple[Shown, list[Shown]]:
    """What the picture needs of a query and its neighbours.

    Args:
        query_id: patch id of the query.
        labels: of the query.
        found: its neighbours.
        stores: where the pixels are.

    Raises:
        KeyNotFoundError: if no store has one of the patches.
        StoreError: if a value lacks a band.
    """
    query = Shown(query_id, true_colour_bands(stores, query_id), "query", tuple(labels), frozenset(labels))
    return query, [
        Shown(
            neighbour.patch_id,
            true_colour_bands(stores, neighbour.patch_id),
            f"{rank}: {neighbour.score:.3f}",
            neighbour.labels,
            frozenset(neighbour.shared),
        )
        for rank, neighbour in enumerate(found, start=1)
    ]


def true_colour_bands(stores: Sequence[Store], patch_id: str) -> NDArray[np.generic]:
    """Red, green and blue band of a patch from the first store that has it, shape (H, W, 3).

    Raises:
        KeyNotFoundError: if none has it.
        BandError: if it has no red, green and blue.
    """
    for store in stores:
        if patch_id in store:
            return rgb_of(patch_id, store[patch_id])
    raise KeyNotFoundError(
        f"no store has the patch {patch_id!r}: {', '.join(str(store.path) for store in stores)}",
        hint="give the store that was embedded as a further --store",
    )


def _caption(patch: Shown) -> list[tuple[str, str]]:
    """Lines below a patch, with their colours; shared labels first."""
    ordered = sorted(patch.labels, key=lambda label: (label not in patch.shared, label))
    return [
        (line, _SHARED if label in patch.shared else _OTHER)
        for label in ordered
        for line in textwrap.wrap(
            f"{'(+) ' if label in patch.shared else '     '}{label}", _WRAP, subsequent_indent="     "
        )
    ]


def _write_caption(axes: Axes, patch: Shown, height_in: float) -> None:
    for number, (line, colour) in enumerate(_caption(patch)):
        axes.text(
            0, 1 - number * _LINE_IN / height_in, line, transform=axes.transAxes, va="top", fontsize=8, color=colour
        )
