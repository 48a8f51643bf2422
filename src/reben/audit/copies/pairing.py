"""Which parts of a copy belong to one patch: names that hold Sentinel-2 bands, Sentinel-1 bands, and maps."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from reben.audit.copies.copy import CopyRow
from reben.core.names import PATCH_PATTERN, REFERENCE_MAP_SUFFIX, S1_PATCH_PATTERN, V1_PATCH_PATTERN

Part = TypeVar("Part")

_IDS = [re.compile(pattern, re.ASCII) for pattern in (PATCH_PATTERN, S1_PATCH_PATTERN, V1_PATCH_PATTERN)]
_S2, _S1 = _IDS[:2]
MAP_NAMES = (REFERENCE_MAP_SUFFIX.strip("_"), "reference_map", "mask", "map", "lulc")
"""What follows a patch id where a map lies, not a band."""


@dataclass(slots=True)
class Entry(Generic[Part]):
    """All parts of one patch."""

    patch_id: str
    images: list[Part] = field(default_factory=list)
    maps: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class PairedCopy(Generic[Part]):
    """What copies share whose patches are put together out of parts; see `Copy`."""

    entries: Sequence[Entry[Part]]
    rows: Mapping[str, CopyRow]
    bands: Sequence[str] | None
    """Names for parts that hold several bands and do not name them."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    class_names: Sequence[str] | None = None
    masks_are_maps = True

    @property
    def patch_ids(self) -> Sequence[str]:
        """See `Copy`."""
        return [entry.patch_id for entry in self.entries]


def split_name(name: str) -> tuple[str, str] | None:
    """The id in a name, and what follows it; None if the name has no id.

    >>> split_name("S2A_MSIL2A_20170613T101031_26_57_B02")
    ('S2A_MSIL2A_20170613T101031_26_57', 'B02')
    >>> split_name("readme") is None
    True
    """
    for pattern in _IDS:
        found = pattern.search(name)
        if found is not None:
            return found[0], name[found.end() :].strip("_-. ")
    return None


def name_and_rest(name: str) -> tuple[str, str]:
    """The id in a name and what follows it; without an id the name itself, less what says that a map lies there.

    >>> name_and_rest("patch_1_reference_map")
    ('patch_1', 'reference_map')
    """
    bare = name.removesuffix(REFERENCE_MAP_SUFFIX)
    return split_name(name) or (bare, name[len(bare) :].strip("_"))


def is_map(suffix: str) -> bool:
    """Whether what follows a patch id says that a map lies there."""
    return suffix.lower() in MAP_NAMES


def ground_of(name: str) -> tuple[str, int, int] | None:
    """MGRS tile, column and row in a patch id or Sentinel-1 name; None if it is neither.

    >>> ground_of("S1A_IW_GRDH_1SDV_20170613T165043_33UUP_70_48")
    ('33UUP', 70, 48)
    """
    found = _S2.fullmatch(name) or _S1.fullmatch(name)
    return None if found is None else (found["mgrs"], int(found["column"]), int(found["row"]))


def is_s1(name: str) -> bool:
    """Whether a name is that of a Sentinel-1 patch."""
    return _S1.fullmatch(name) is not None


def paired(parts: Iterable[Entry[Part]], rows: Mapping[str, CopyRow]) -> list[Entry[Part]]:
    """Entries in which Sentinel-1 parts have joined their Sentinel-2 partners.

    The partner is what the tables say, else the only patch of the same ground. What has no partner remains by itself.
    """
    entries = {entry.patch_id: entry for entry in parts}
    by_table = {row.s1_name: patch_id for patch_id, row in rows.items() if row.s1_name}
    by_ground: dict[tuple[str, int, int] | None, list[str]] = {}
    for name in entries:
        if not is_s1(name):
            by_ground.setdefault(ground_of(name), []).append(name)
    joined: dict[str, Entry[Part]] = {}
    for name, entry in entries.items():
        target = name
        if is_s1(name):
            same_ground = by_ground.get(ground_of(name), [])
            target = by_table.get(name) or (same_ground[0] if len(same_ground) == 1 else name)
        whole = joined.setdefault(target, Entry(target))
        whole.images += entry.images
        whole.maps += entry.maps
    return sorted(joined.values(), key=lambda entry: entry.patch_id)
