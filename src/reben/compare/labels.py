"""Which labels of patches changed between two versions of a data set."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel

from reben.core.classes import Legend
from reben.core.v1_labels import class_of_label
from reben.io.records import record_config

_UNKNOWN_COUNTRY = "unknown"


class ClassChange(BaseModel):
    """Of one class, over some patches."""

    model_config = record_config({})

    kept: int
    """Patches that have the label in both versions."""
    added: int
    """Patches that have it in the later version only: what the earlier one missed, (M)."""
    removed: int
    """Patches that had it in the earlier version only: what was wrong there, (W)."""


class LabelChanges(BaseModel):
    """Of all patches that both versions have."""

    model_config = record_config({})

    patches: int
    unchanged: int
    """Patches with the same labels in both versions."""
    without_class: dict[str, int]
    """Labels of the earlier version that form no class, and how many patches have them."""
    classes: dict[str, ClassChange]
    countries: dict[str, dict[str, ClassChange]]
    """By country, then by class; classes that do not occur are left out."""


def label_changes(
    earlier: Mapping[str, Sequence[str]], names: Sequence[str | None], rows: pa.Table, legend: Legend
) -> LabelChanges | None:
    """Compare labels.

    Args:
        earlier: labels of the earlier version by name of the patch: classes, or names of land-cover codes.
        names: name in the earlier version of each row, None if it has none.
        rows: the later version, with the columns `labels` and `country`.
        legend: of its classes.

    Returns:
        None if the versions have no patch in common.

    Raises:
        LegendError: if an earlier label is unknown.
    """
    common = [row for row, name in enumerate(names) if name in earlier]
    if not common:
        return None
    before_names = [earlier[name] for row in common if (name := names[row]) is not None]
    before, without_class = _multi_hot_of_any(before_names, legend)
    later = rows["labels"].take(common).to_pylist()
    after = _multi_hot([[legend.class_names.index(label) for label in labels] for labels in later], legend)
    countries = np.array([country or _UNKNOWN_COUNTRY for country in rows["country"].take(common).to_pylist()])
    return LabelChanges(
        patches=len(common),
        unchanged=int((before == after).all(axis=1).sum()),
        without_class=without_class,
        classes=_changes(before, after, legend),
        countries={
            str(country): _occurring(_changes(before[countries == country], after[countries == country], legend))
            for country in np.unique(countries)
        },
    )


def _multi_hot_of_any(labels: Sequence[Sequence[str]], legend: Legend) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Classes of labels in any of their spellings, and the labels that form none."""
    without: dict[str, int] = {}
    indices = []
    for given in labels:
        found = []
        for label in given:
            name = class_of_label(label, legend)
            if name is None:
                without[label] = without.get(label, 0) + 1
            else:
                found.append(legend.class_names.index(name))
        indices.append(found)
    return _multi_hot(indices, legend), dict(sorted(without.items()))


def _multi_hot(indices: Sequence[Sequence[int]], legend: Legend) -> NDArray[np.bool_]:
    """Whether each patch has each class, shape (patches, classes)."""
    found = np.zeros((len(indices), len(legend.class_names)), np.bool_)
    for row, classes in enumerate(indices):
        found[row, list(classes)] = True
    return found


def _changes(before: NDArray[np.bool_], after: NDArray[np.bool_], legend: Legend) -> dict[str, ClassChange]:
    kept, added, removed = (part.sum(axis=0) for part in (before & after, ~before & after, before & ~after))
    return {
        name: ClassChange(kept=int(kept[i]), added=int(added[i]), removed=int(removed[i]))
        for i, name in enumerate(legend.class_names)
    }


def _occurring(changes: Mapping[str, ClassChange]) -> dict[str, ClassChange]:
    return {name: change for name, change in changes.items() if change.kept or change.added or change.removed}
