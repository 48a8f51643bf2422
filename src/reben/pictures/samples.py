"""Pictures of single patches: true colour, radar, reference map and labels side by side."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from reben.core.bands import S1_BANDS, TRUE_COLOUR, true_colour_names
from reben.core.classes import CLC2018, Legend
from reben.core.errors import BandError, SampleError
from reben.pictures.rendering import class_colours, legend_entries, radar_colour, true_colour
from reben.pictures.saving import save_figure

_PANEL_IN, _CAPTION_IN, _LEGEND_LINE_IN = 2.6, 0.55, 0.24  # inches
_NARROWEST_IN = 4.2  # a patch id must fit
_LEGEND_COLUMNS = 3
_PATCHES_PER_ROW = 2
_IMAGE_AXES = 3
_WRAP = 48
"""Characters below each panel."""


@dataclass(frozen=True, slots=True)
class PatchPicture:
    """What is shown of one patch."""

    name: str
    tensors: Mapping[str, NDArray[Any]]
    """Bands by name, as they are stored: reflectance times 10,000, backscatter in dB."""
    labels: tuple[str, ...] = ()
    classes: NDArray[np.int8] | None = None
    """Class of each pixel, shape (H, W), -1 where unlabelled."""

    def panels(self, legend: Legend) -> list[tuple[str, NDArray[np.float64]]]:
        """Title and image of each panel.

        Raises:
            BandError: if there is nothing to show.
        """
        shown = [
            ("true colour", true_colour(np.stack([self.tensors[name] for name in names], axis=-1)))
            for names in [true_colour_names(self.tensors)]
            if names is not None
        ]
        if all(name in self.tensors for name in S1_BANDS):
            shown.append(("VV, VH, VV - VH", radar_colour(*(self.tensors[name] for name in S1_BANDS))))
        if self.classes is not None:
            shown.append(("reference map", class_colours(self.classes, legend)))
        if not shown:
            raise BandError(
                f"{self.name}: there is nothing to show of {', '.join(self.tensors)}",
                hint=f"{', '.join(TRUE_COLOUR)}, or {' and '.join(S1_BANDS)}, or a reference map are needed",
            )
        return shown


def figure_of(patches: Sequence[PatchPicture], *, legend: Legend = CLC2018, title: str = "") -> Figure:
    """A matplotlib figure with a row of panels per patch, two patches side by side.

    Args:
        patches: at least one.
        legend: names and colours of the classes.
        title: above all; empty for none.

    Raises:
        BandError: if there is nothing to show of a patch.
    """
    panels = [patch.panels(legend) for patch in patches]
    width = max(map(len, panels))
    across = min(_PATCHES_PER_ROW, len(patches))
    rows = -(-len(patches) // across)
    entries = legend_entries([patch.classes for patch in patches if patch.classes is not None], legend)
    lines = -(-len(entries) // _LEGEND_COLUMNS)
    height_in = rows * (_PANEL_IN + _CAPTION_IN) + lines * _LEGEND_LINE_IN + 0.5 * bool(title)
    figure = Figure(figsize=(max(_PANEL_IN * width * across, _NARROWEST_IN), height_in), layout="constrained")
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
        figure.legend(handles=handles, loc="outside lower center", ncols=_LEGEND_COLUMNS, fontsize=8, frameon=False)
    return figure


def _draw(axes: Sequence[Axes], patch: PatchPicture, shown: Sequence[tuple[str, NDArray[np.float64]]]) -> None:
    for number, (axis, (name, image)) in enumerate(zip(axes, shown, strict=True)):
        axis.imshow(image, interpolation="nearest")
        axis.set_title(f"{patch.name}\n{name}" if number == 0 else f"\n{name}", fontsize=6.5, loc="left")
    if patch.labels:
        text = textwrap.fill("; ".join(patch.labels), _WRAP * len(axes), break_long_words=False)
        axes[0].set_xlabel(text, loc="left", fontsize=6.5)


def draw_samples(target: Path, patches: Sequence[PatchPicture], *, legend: Legend = CLC2018, title: str = "") -> None:
    """Write such a figure as a PNG, PDF or SVG file, as its ending says.

    Raises:
        BandError: if there is nothing to show of a patch.
    """
    figure = figure_of(patches, legend=legend, title=title)
    save_figure(figure, target, dpi=130)


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
