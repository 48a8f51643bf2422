"""What the page asks for of one patch: values of the store as they are, and a small picture."""

from typing import Any, Literal, get_args

import pyarrow as pa
from numpy.typing import NDArray

from reben.core.errors import BandError, KeyNotFoundError
from reben.io.store import Store, reference_map_key
from reben.pictures.rendering import composite, rgb_of, true_colour
from reben.pictures.thumbnails import as_png

Part = Literal["s2", "s1", "map"]
PARTS: tuple[Part, ...] = get_args(Part)
_RADAR_PREVIEW = ("VV", "VH", "VV")


class PatchValues:
    """Values of patches by row.

    Args:
        store: with the values.
        rows: of metadata tables; columns `patch_id` and `s1_name`.
    """

    def __init__(self, store: Store, rows: pa.Table) -> None:
        self._store = store
        self._ids = rows["patch_id"].combine_chunks()
        self._partners = rows["s1_name"].combine_chunks()

    def __len__(self) -> int:
        return len(self._ids)

    def value(self, row: int, part: Part) -> bytes | None:
        """A safetensors value; None if the store has none."""
        key = self._key(row, part)
        try:
            return None if key is None else self._store.raw(key)
        except KeyNotFoundError:
            return None

    def thumbnail(self, row: int) -> bytes | None:
        """A PNG of a patch in true colour, else in radar, else of its first band; None if the store lacks it."""
        for part in ("s2", "s1"):
            key = self._key(row, part)
            if key is not None and key in self._store:
                return _picture(self._store[key], key)
        return None

    def _key(self, row: int, part: str) -> str | None:
        patch_id = str(self._ids[row])
        if part == "s1":
            partner = self._partners[row]
            return str(partner) if partner.is_valid else None
        return reference_map_key(patch_id) if part == "map" else patch_id


def _picture(tensors: dict[str, NDArray[Any]], key: str) -> bytes:
    try:
        return as_png(true_colour(rgb_of(key, tensors)))
    except BandError:
        radar = _RADAR_PREVIEW if set(_RADAR_PREVIEW) <= tensors.keys() else tuple(tensors)[:1]
        return as_png(composite(tensors, radar))
