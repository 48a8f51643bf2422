"""A data set at a glance: where its patches lie, and how many there are per class, country, season and split."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from pathlib import Path

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

from reben.core.names import SPLIT_NAMES
from reben.core.palettes import SPLIT_COLOURS
from reben.pictures.rendering import rgb_share
from reben.pictures.saving import save_figure

_LAND_LINE = "#777777"
_MARGIN = 0.06
"""Around the patches, as a share of their extent."""
_LEAST_MARGIN_DEG = 0.15
_LONGEST_NAME = 44
_BAR_IN = 0.24
_WIDTH_IN = 11.0
_SMALLEST_POINT, _LARGEST_POINT, _POINTS_IN_ALL = 0.15, 30.0, 4_000.0
"""Areas in square points, of 1/72 inch: of one patch, and of all of them."""


@dataclass(frozen=True)
class Overview:
    """What is shown of a data set."""

    title: str
    centres: NDArray[np.float64]
    """Longitude and latitude of each patch in degrees, shape (n, 2)."""
    splits: NDArray[np.int64]
    """Index in `SPLIT_NAMES` of each patch, shape (n,)."""
    counts: Mapping[str, Mapping[str, Sequence[int]]]
    """Patches by what is counted (such as `class`), then by value, then by split."""


def draw_overview(target: Path, overview: Overview, land: NDArray[np.object_]) -> None:
    """Draw the map of all patches beside bars of their numbers.

    Args:
        target: file to write (.png, .pdf, .svg).
        overview: of the data set.
        land: outlines of countries in longitude and latitude, for orientation.
    """
    bars = {name: values for name, values in overview.counts.items() if values}
    heights = [max(2, len(values)) + 1.6 for values in bars.values()]
    height_in = max(6.0, _BAR_IN * sum(heights) + 1.0)
    figure = Figure(figsize=(_WIDTH_IN, height_in), layout="constrained")
    figure.suptitle(overview.title, fontsize=12)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[1.1, 1.0])[0]
    _draw_map(left.subplots(), overview, land)
    for axes, (name, values) in zip(
        np.atleast_1d(right.subplots(len(bars), 1, height_ratios=heights)), bars.items(), strict=True
    ):
        _draw_bars(axes, name, values)
    handles = [Patch(facecolor=rgb_share(SPLIT_COLOURS[name]), edgecolor="#888888", label=name) for name in SPLIT_NAMES]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), fontsize=9, frameon=False)
    save_figure(figure, target)


def _draw_map(axes: Axes, overview: Overview, land: NDArray[np.object_]) -> None:
    """Patches as points, coloured by split, over coastlines and borders."""
    low, high = overview.centres.min(axis=0), overview.centres.max(axis=0)
    margin = np.maximum((high - low) * _MARGIN, _LEAST_MARGIN_DEG)
    west, south = (low - margin).tolist()
    east, north = (high + margin).tolist()
    window = shapely.box(west, south, east, north)
    lines = shapely.get_parts(shapely.boundary(shapely.intersection(shapely.make_valid(land), window)))
    axes.add_collection(
        LineCollection([shapely.get_coordinates(line) for line in lines], colors=_LAND_LINE, linewidths=0.5)
    )
    colours = np.array([rgb_share(SPLIT_COLOURS[name]) for name in SPLIT_NAMES])[overview.splits]
    count = len(overview.centres)
    size = max(_SMALLEST_POINT, min(_LARGEST_POINT, _POINTS_IN_ALL / count))
    longitudes, latitudes = overview.centres.T
    axes.scatter(longitudes, latitudes, s=size, c=colours, marker="s", linewidths=0, rasterized=True)
    axes.set(xlim=(west, east), ylim=(south, north), xlabel="longitude (degrees)", ylabel="latitude (degrees)")
    axes.set_aspect(1 / max(0.1, cos(radians((south + north) / 2))))
    axes.tick_params(labelsize=8)
    axes.set_title(f"{count:,} patches", fontsize=10)


def _draw_bars(axes: Axes, name: str, values: Mapping[str, Sequence[int]]) -> None:
    """A bar per value, its parts the splits, its number behind it."""
    names = [value if len(value) <= _LONGEST_NAME else f"{value[: _LONGEST_NAME - 3]}..." for value in values]
    places = np.arange(len(names))
    numbers = np.array(list(values.values())).reshape(len(names), len(SPLIT_NAMES))
    starts = np.zeros(len(names))
    for split, counts in zip(SPLIT_NAMES, numbers.T, strict=True):
        axes.barh(places, counts, left=starts, color=rgb_share(SPLIT_COLOURS[split]), height=0.8)
        starts = starts + counts
    for place, total in enumerate(numbers.sum(axis=1)):
        axes.text(total, place, f" {total:,}", va="center", fontsize=7)
    axes.set_yticks(places, names, fontsize=7)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_title(f"patches per {name}", fontsize=9, loc="left")
    axes.set_xlim(0, max(1.0, float(starts.max()) * 1.15))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.tick_params(axis="x", labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)
