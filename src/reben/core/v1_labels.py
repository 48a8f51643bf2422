"""Labels of BigEarthNet v1: the names of 43 land-cover codes as v1 spells them, and the class of each.

Source: names of CORINE Land Cover in the legend of reBEN; v1's own spellings as its `*_labels_metadata.json` have them
(Sumbul et al., BigEarthNet, IGARSS 2019, table 1).
"""

from functools import cache

from reben.core.classes import Legend
from reben.core.errors import LegendError

_SPELLED_OTHERWISE = {"barerock": "barerocks", "naturalgrassland": "naturalgrasslands"}


def class_of_label(label: str, legend: Legend) -> str | None:
    """The class of a label, which may be a class already, or the name of a land-cover code; None if it forms no class.

    Upper and lower case, blanks and punctuation do not matter.

    Args:
        label: such as `Transitional woodland/shrub`.
        legend: of the classes.

    Raises:
        LegendError: if it is neither.
    """
    plain = _plain(label)
    known = _classes_by_plain_name(legend)
    name = _SPELLED_OTHERWISE.get(plain, plain)
    if name not in known:
        raise LegendError(
            f"label {label!r} is neither a class nor a land-cover code of legend {legend.name}",
            hint="expected the 19 class names of reBEN, or the 43 names of BigEarthNet v1",
        )
    return known[name]


@cache
def _classes_by_plain_name(legend: Legend) -> dict[str, str | None]:
    codes: dict[str, str | None] = {_plain(entry.name): entry.class_name for entry in legend.entries}
    return codes | {_plain(name): name for name in legend.class_names}


def _plain(label: str) -> str:
    return "".join(character for character in label.lower() if character.isalnum())
