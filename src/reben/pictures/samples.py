"""Pictures of single patches: true colour, radar, reference map and labels side by side."""

import textwrap
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reben.core.classes import CLC2018, Legend
from reben.core.errors import BandError, SampleError
from reben.pictures.patch_pictures import PatchPicture
from reben.pictures.rendering import legend_columns, legend_entries
from reben.pictures.saving import save_figure

_PANEL_IN, _CAPTION_IN, _LEGEND_LINE_IN = 2.6, 0.55, 0.24  # inches
_NARROWEST_IN = 4.2  # a patch id must fit
_LEGEND_COLUMNS, _LEGEND_PT = 3, 8
_PATCHES_PER_ROW = 2
_IMAGE_AXES = 3
_WRAP = 48
"""Characters below each panel."""


def figure_of(
    patches: Sequence[PatchPicture], *, legend: Legend = CLC2018, title: str = "", bands: Sequence[str] = ()
) -> Figure:
    """A matplotlib figure with a row of panels per patch, two patches side by side.

    Args:
        patches: at least one.
        legend: names and colours of the classes.
        title: above all; empty for none.
        bands: one or three that are shown instead of true colour and radar.

    Raises:
        BandError: if there is nothing to show of a patch, or it lacks a band.
    """
    panels = [patch.panels(legend, bands) for patch in patches]
    width = max(map(len, panels))
    across = min(_PATCHES_PER_ROW, len(patches))
    rows = -(-len(patches) // across)
    entries = legend_entries([patch.classes for patch in patches if patch.classes is not None], legend)
    width_in = max(_PANEL_IN * width * across, _NARROWEST_IN)
    columns = min(_LEGEND_COLUMNS, legend_columns([name for _, name in entries], width_in, font_pt=_LEGEND_PT))
    lines = -(-len(entries) // columns)
    height_in = rows * (_PANEL_IN + _CAPTION_IN) + lines * _LEGEND_LINE_IN + 0.5 * bool(title)
    figure = _ShownFigure(figsize=(width_in, height_in), layout="constrained")
    if title:
        figure.suptitle(title, fontsize=11)
    grid = figure.subplots(rows, width * across, squeeze=False)
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[], frame_on=False)
    for number, (patch, shown) in enumerate(zip(patches, panels, strict=True)):
        row, column = divmod(number, across)
        _draw(list(grid[row, column * width : column * width + len(shown)]), patch, shown)
    if entries:
        handles = [Patch(facecolor=colour, edgecolor="#888888", label=name) for colour, name in entries]
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=_LEGEND_PT, frameon=False)
    return figure


def _draw(axes: Sequence[Axes], patch: PatchPicture, shown: Sequence[tuple[str, NDArray[np.float64]]]) -> None:
    for number, (axis, (name, image)) in enumerate(zip(axes, shown, strict=True)):
        axis.imshow(image, interpolation="nearest")
        axis.set_title(f"{patch.name}\n{name}" if number == 0 else f"\n{name}", fontsize=6.5, loc="left")
    if patch.labels:
        text = textwrap.fill("; ".join(patch.labels), _WRAP * len(axes), break_long_words=False)
        axes[0].set_xlabel(text, loc="left", fontsize=6.5)


def draw_samples(
    target: Path,
    patches: Sequence[PatchPicture],
    *,
    legend: Legend = CLC2018,
    title: str = "",
    bands: Sequence[str] = (),
) -> None:
    """Write such a figure as a PNG, PDF or SVG file, as its ending says.

    Raises:
        BandError: if there is nothing to show of a patch, or it lacks a band.
    """
    figure = figure_of(patches, legend=legend, title=title, bands=bands)
    save_figure(figure, target, dpi=130)


class _ShownFigure(Figure):
    """A figure that notebooks show, also where nobody has imported pyplot."""

    def _repr_png_(self) -> bytes:
        buffer = BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


def plot(sample: Any, dataset: Any) -> Figure:  # noqa: ANN401 - checked here; a PatchDataset needs torch
    """A figure of one sample of a data set: its image in true colour and radar, its mask, its labels.

    Args:
        sample: a mapping as `dataset[i]` gives it; images are brought back to the units of the store.
        dataset: that gave it.

    Raises:
        BandError: if there is nothing to show, or the sample is of another data set.
        SampleError: if it is not a sample.
    """
    if not (isinstance(sample, Mapping) and "image" in sample and hasattr(dataset, "bands")):
        raise SampleError(
            f"cannot draw a {type(sample).__name__} with a {type(dataset).__name__}",
            hint="call reben.plot(dataset[0], dataset) with a PatchDataset",
        )
    image = np.asarray(sample["image"], np.float64)
    bands = [band.name for band in dataset.bands]
    if image.ndim != _IMAGE_AXES or len(image) != len(bands):
        raise BandError(
            f"an image of shape {image.shape} does not have the {len(bands)} bands of the data set",
            hint="give a single sample, and the data set that it comes from",
        )
    if dataset.statistics is not None:
        mean, std = (
            np.array([getattr(dataset.statistics[name], part) for name in bands])[:, None, None]
            for part in ("mean", "std")
        )
        image = image * std + mean
    labels = tuple(name for name, there in zip(dataset.classes, np.asarray(sample["label"]), strict=True) if there)
    mask = np.asarray(sample["mask"], np.int8) if "mask" in sample else None
    tensors = {
        band.name: (pixels if band.numpy_dtype.kind == "f" else pixels.round()).astype(band.numpy_dtype)
        for band, pixels in zip(dataset.bands, image, strict=True)
    }
    picture = PatchPicture(str(sample["patch_id"]), tensors, labels, mask)
    return figure_of([picture], legend=dataset.patches.legend)
