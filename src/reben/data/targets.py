"""Targets of regression: a number per patch, from a column of the metadata tables or from the reference map."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reben.core.classes import UNLABELLED, Legend
from reben.core.errors import MetadataError

_SHARE = "share:"


@dataclass(frozen=True, slots=True)
class Target:
    """What a model is to predict of each patch."""

    name: str
    """A column of the metadata tables, or `share:CLASS`: the share of the labelled pixels with this class."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the target that a text names.

        Raises:
            MetadataError: if it names nothing.
        """
        if not text.removeprefix(_SHARE).strip():
            raise MetadataError(
                f"target {text!r} names nothing", hint=f"give a column of the metadata tables, or {_SHARE}CLASS"
            )
        return cls(text)

    @property
    def column(self) -> str | None:
        """The column of the metadata tables that holds it; None if the reference maps do."""
        return None if self.name.startswith(_SHARE) else self.name

    @property
    def needs_maps(self) -> bool:
        """Whether reference maps hold it."""
        return self.column is None

    def class_number(self, legend: Legend) -> int:
        """Return the number of the class whose share is the target.

        Raises:
            MetadataError: if the legend has no such class.
        """
        name = self.name.removeprefix(_SHARE)
        if name not in legend.class_names:
            raise MetadataError(
                f"target {self.name}: legend {legend.name} has no class {name!r}",
                hint=f"its classes are {', '.join(legend.class_names)}",
            )
        return legend.class_names.index(name)

    def values(self, rows: pa.Table) -> NDArray[np.float32]:
        """Return the column's numbers, shape (rows,).

        Raises:
            MetadataError: if one is missing or not finite; it names the patch.
        """
        values: NDArray[np.float64] = rows[self.name].to_numpy().astype(np.float64)
        wrong = np.flatnonzero(~np.isfinite(values))
        if len(wrong):
            patch_id = rows["patch_id"][int(wrong[0])].as_py()
            raise MetadataError(
                f"patch {patch_id!r}: column {self.name!r} is empty or not a finite number",
                hint="leave patches without a value out of the metadata tables",
            )
        return values.astype(np.float32)


def share_of_class(class_map: NDArray[np.int8], number: int, patch_id: str) -> float:
    """Return the share of the labelled pixels of a map that have a class, from 0 to 1.

    Args:
        class_map: class of each pixel, -1 where unlabelled, shape (H, W).
        number: of the class.
        patch_id: to name the patch.

    Raises:
        MetadataError: if no pixel is labelled.
    """
    labelled = np.count_nonzero(class_map != UNLABELLED)
    if not labelled:
        raise MetadataError(
            f"patch {patch_id!r}: no pixel of its reference map is labelled, so that it has no share of a class",
            hint="leave the patch out of the metadata tables",
        )
    return np.count_nonzero(class_map == number) / labelled
