"""Two versions of a data set side by side: labels that changed, and how near their splits are to one another."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reben.compare.labels import LabelChanges
from reben.compare.leakage import Leakage
from reben.core.palettes import CHANGE_COLOURS
from reben.pictures.rendering import rgb_share
from reben.pictures.saving import save_figure

_BAR_IN = 0.3
_WIDTH_IN = 9.0
_NAME_WRAP = 48  # characters of a class on a line, of which there are two
_TEST_TO_TRAIN = "test to train"


def draw_label_changes(target: Path, changes: LabelChanges) -> None:
    """A bar per class: labels that were kept, and beside them those added and removed.

    Args:
        target: file to write (.png, .pdf, .svg).
        changes: to draw.
    """
    classes = {name: change for name, change in changes.classes.items() if change.kept + change.added + change.removed}
    names = list(classes)
    figure = Figure(figsize=(_WIDTH_IN, _BAR_IN * len(names) + 1.4), layout="constrained")
    axes = figure.subplots()
    places, starts = np.arange(len(names)), np.zeros(len(names))
    for part, colour in CHANGE_COLOURS.items():
        counts = np.array([getattr(change, part) for change in classes.values()])
        axes.barh(places, counts, left=starts, color=rgb_share(colour), height=0.8, label=part)
        starts = starts + counts
    for place, (total, change) in enumerate(zip(starts, classes.values(), strict=True)):
        said = [
            f"{sign}{count:,}" for sign, count in (("+", change.added), ("\N{MINUS SIGN}", change.removed)) if count
        ]
        axes.text(total, place, "  " + " / ".join(said), va="center", fontsize=7)
    axes.set_yticks(
        places, [textwrap.fill(name, _NAME_WRAP, max_lines=2, placeholder=" ...") for name in names], fontsize=7.5
    )
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, float(starts.max(initial=1.0)) * 1.2)
    axes.set_xlabel("patches")
    axes.set_title(
        f"Labels of {changes.patches:,} patches; those of {changes.unchanged / changes.patches:.1%} are unchanged",
        fontsize=10,
        loc="left",
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    save_figure(figure, target)


def draw_leakage(target: Path, leaks: Sequence[Leakage]) -> None:
    """How many test patches touch or share ground with a training patch, and how far the nearest one is.

    Args:
        target: file to write (.png, .pdf, .svg).
        leaks: one per assignment of patches to splits.
    """
    figure = Figure(figsize=(_WIDTH_IN, 1.6 + 0.7 * len(leaks)), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.2, 1.0])
    names = [leak.source for leak in leaks]
    _draw_shares(left, names, leaks)
    _draw_distances(right, leaks)
    save_figure(figure, target)


def _draw_shares(axes: Axes, names: Sequence[str], leaks: Sequence[Leakage]) -> None:
    shares: Mapping[str, list[float]] = {
        "touch a training patch": [
            _share(leak.distances[_TEST_TO_TRAIN].touching if _TEST_TO_TRAIN in leak.distances else 0, leak)
            for leak in leaks
        ],
        "share ground with one": [_share(leak.test_patches_on_training_ground, leak) for leak in leaks],
    }
    height = 0.38
    for number, (what, values) in enumerate(shares.items()):
        places = np.arange(len(names)) + (number - 0.5) * height
        colour = list(CHANGE_COLOURS.values())[number + 1]
        axes.barh(places, values, height=height, color=rgb_share(colour), label=what)
        for place, value in zip(places, values, strict=True):
            axes.text(value, place, f" {value:.1%}", va="center", fontsize=7.5)
    axes.set_yticks(np.arange(len(names)), names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.18)
    axes.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"], fontsize=8)
    axes.set_title("Test patches that ...", fontsize=9, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, fontsize=7.5, frameon=False)


def _draw_distances(axes: Axes, leaks: Sequence[Leakage]) -> None:
    """From the 5 % to the 95 % quantile, with the median as a point."""
    for place, leak in enumerate(leaks):
        distance = leak.distances.get(_TEST_TO_TRAIN)
        if distance is None:
            continue
        low, middle, high = (
            metres / 1000 for metres in (distance.quantile_05_m, distance.median_m, distance.quantile_95_m)
        )
        axes.plot([low, high], [place, place], color="#444444", linewidth=2, solid_capstyle="butt")
        axes.plot([middle], [place], "o", color=rgb_share(CHANGE_COLOURS["added"]))
        axes.text(high, place, f"  median {middle:.1f} km", va="center", fontsize=7.5)
    axes.set_yticks(np.arange(len(leaks)), [])
    axes.set_ylim(len(leaks) - 0.5, -0.5)
    axes.set_xlim(left=-0.5)
    axes.margins(x=0.35)
    title = "Distance of a test patch to the nearest training patch, km\n(5 % to 95 % of the patches)"
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)


def _share(number: int, leak: Leakage) -> float:
    return number / leak.patches["test"] if leak.patches["test"] else 0.0
