"""The values that belong to chosen patches: their keys, how many bytes they have, and how much disk they take."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from reben.get.options import GetOptions
from reben.io.store import reference_map_key
from reben.io.store.sizes import VALUE_BYTES, disk_bytes


@dataclass(frozen=True)
class WantedKeys:
    """Keys by kind, sorted."""

    by_kind: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, rows: pa.Table, options: GetOptions) -> "WantedKeys":
        """Keys of the patches in some rows.

        Args:
            rows: of the metadata tables.
            options: which sensors, and whether reference maps.
        """
        ids = sorted(rows["patch_id"].to_pylist())
        found: dict[str, tuple[str, ...]] = {}
        if options.bands != "s1":
            found["s2"] = tuple(ids)
        if options.bands != "s2":
            found["s1"] = tuple(sorted(set(rows["s1_name"].drop_null().to_pylist())))
        if options.maps:
            found["maps"] = tuple(map(reference_map_key, ids))
        return cls(found)

    @cached_property
    def keys(self) -> frozenset[str]:
        """All keys."""
        return frozenset(key for keys in self.by_kind.values() for key in keys)

    @property
    def counts(self) -> dict[str, int]:
        """Number of values by kind."""
        return {kind: len(keys) for kind, keys in self.by_kind.items() if keys}

    @property
    def sha256(self) -> str:
        """Of the sorted keys, one per line."""
        return hashlib.sha256("\n".join(sorted(self.keys)).encode()).hexdigest()

    @property
    def value_bytes(self) -> int:
        """About, of all values."""
        return sum(VALUE_BYTES[kind] * len(keys) for kind, keys in self.by_kind.items())

    @property
    def disk_bytes(self) -> int:
        """About, of the store."""
        return sum(disk_bytes(VALUE_BYTES[kind]) * len(keys) for kind, keys in self.by_kind.items())

    def without(self, keys: Iterable[str]) -> "WantedKeys":
        """What is wanted beside some keys."""
        there = frozenset(keys)
        return WantedKeys({kind: tuple(key for key in own if key not in there) for kind, own in self.by_kind.items()})

    def only(self, *kinds: str) -> "WantedKeys":
        """Keys of some kinds."""
        return WantedKeys({kind: keys for kind, keys in self.by_kind.items() if kind in kinds})
