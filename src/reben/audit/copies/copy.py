"""What an audit asks of a copy, whatever its format."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Labels = tuple[str, ...] | NDArray[np.bool_]
"""Labels of a patch: names, or a multi-hot vector over classes that may have no names."""

UNNAMED = "sample "
"""Before the number of a sample that has no id."""
LARGEST_ARRAY = 1 << 26
"""Most bytes that one array of a patch may claim; twelve bands of 224 pixels in float64 have 4.8 million."""


@dataclass(frozen=True, slots=True)
class CopyRow:
    """What a copy says of a patch beside its pixels; None where it says nothing."""

    labels: Labels | None = None
    split: str | None = None
    """As the copy spells it."""
    s1_name: str | None = None
    has_snow_or_cloud: bool | None = None
    """Whether one of the flags of the published tables is set."""


@dataclass(frozen=True, slots=True)
class CopyPatch:
    """One patch as the copy gives it."""

    bands: Mapping[str, NDArray[Any]]
    """Pixels of shape (rows, columns), by the names that the copy gives to its bands."""
    mask: NDArray[Any] | None = None
    """Reference map or class mask, shape (rows, columns)."""
    row: CopyRow = field(default_factory=CopyRow)
    """What stands in the sample itself; empty where tables say it."""
    patch_id: str | None = None
    """Where only the sample itself says it."""


class Copy(Protocol):
    """A copy of reBEN, or of a part of it."""

    @property
    def form(self) -> str:
        """What it is, in words with an article, such as `a folder of GeoTIFFs`."""

    @property
    def patch_ids(self) -> Sequence[str]:
        """Names of its patches, as the copy gives them: what is read by position."""

    @property
    def rows(self) -> Mapping[str, CopyRow]:
        """What tables beside the pixels say, by patch id; empty if there are none."""

    @property
    def class_names(self) -> Sequence[str] | None:
        """Names of the classes of label vectors, in order; None if the copy names none."""

    @property
    def masks_are_maps(self) -> bool:
        """Whether masks are called reference maps, which hold land-cover codes."""

    @property
    def left_out(self) -> Mapping[str, str]:
        """Why things in the copy were not taken for patches, by name."""

    def read(self, position: int) -> CopyPatch:
        """Read the patch at a position of `patch_ids`.

        Raises:
            RebenError: if it cannot be read.
        """


def as_labels(value: object) -> Labels | None:
    """Labels as a copy may give them: names, one name, or numbers that are a multi-hot vector; None if there are none.

    >>> as_labels(["Pastures"]), as_labels("Pastures; Arable land")
    (('Pastures',), ('Pastures', 'Arable land'))
    >>> as_labels([0, 1.0, 0]).tolist()
    [False, True, False]
    """
    if value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        return tuple(part for part in (part.strip() for part in value.replace("|", ";").split(";")) if part)
    array = np.asarray(value)
    if array.dtype.kind in "biuf" and array.ndim == 1 and array.size > 1:
        vector: NDArray[np.bool_] = array > 0
        return vector
    if array.ndim == 1 and array.dtype.kind in "OSUT":
        return tuple(as_text(item) for item in array.tolist())
    return () if array.ndim == 1 and not array.size else None


def as_text(value: object) -> str:
    """A text that may have come as bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
