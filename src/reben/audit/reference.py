"""The published values of the patches of a copy, where a user has them: bands, labels, splits, reference maps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from reben.audit.copies.band_names import names_by_band
from reben.audit.copies.copy import Copy, CopyRow
from reben.audit.copies.opening import open_copy
from reben.audit.copies.tables import read_rows
from reben.audit.resampling import recover
from reben.core.bands import BANDS
from reben.core.errors import AuditError
from reben.io.dataset.paths import DatasetPaths

PUBLISHED_PATCHES = 549_488
"""Patches of reBEN: both published tables together."""


@dataclass(frozen=True)
class Truth:
    """What is known of one patch."""

    bands: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    reference_map: NDArray[Any] | None = None
    row: CopyRow | None = None


@dataclass(frozen=True)
class Reference:
    """Published patches, or tables of them, by patch id."""

    rows: Mapping[str, CopyRow] = field(default_factory=dict)
    copy: Copy | None = None
    _positions: dict[str, int] = field(default_factory=dict)
    _by_s1: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.copy is not None:
            self._positions.update({name: position for position, name in enumerate(self.copy.patch_ids)})
        self._by_s1.update({row.s1_name: name for name, row in self.rows.items() if row.s1_name is not None})

    def knows(self, patch_id: str) -> bool:
        """Whether something is known of a patch, which may be named after its Sentinel-1 part."""
        name = self._by_s1.get(patch_id, patch_id)
        return name in self._positions or name in self.rows

    @property
    def patch_ids(self) -> list[str]:
        """All patches of which something is known."""
        return sorted({*self._positions, *self.rows})

    @property
    def is_complete(self) -> bool:
        """Whether tables of all of reBEN are there, so that what they do not name is not part of it."""
        return len(self.rows) >= PUBLISHED_PATCHES

    def find(self, patch_id: str) -> Truth:
        """What is known of a patch.

        Raises:
            RebenError: if the reference itself cannot be read.
        """
        name = self._by_s1.get(patch_id, patch_id)
        row = self.rows.get(name)
        position = self._positions.get(name)
        if self.copy is None or position is None:
            return Truth(row=row)
        patch = self.copy.read(position)
        bands: dict[str, NDArray[Any]] = {}
        for band, own in names_by_band(list(patch.bands)).items():
            found = recover(patch.bands[own], BANDS[band].side_px())
            if found is not None:
                bands[band] = found[0]
        return Truth(bands, patch.mask, row)


def open_reference(path: Path) -> Reference:
    """Open a reference: a copy of reBEN that is known to be right, or metadata tables alone.

    Args:
        path: data folder, store, folder of GeoTIFFs, HDF5 or TACO file, a table, or a folder with published tables.

    Raises:
        AuditError: if nothing is there, or it has no patches.
    """
    if path.is_file() and path.suffix in {".parquet", ".csv"}:
        rows = read_rows([path])
        if not rows:
            raise AuditError(f"{path}: has no column of patch ids", hint="give a metadata.parquet of reBEN")
        return Reference(rows)
    tables = DatasetPaths(path).tables
    if tables and not any(member.is_dir() for member in path.iterdir()):
        return Reference(read_rows(tables))
    copy = open_copy(path)
    return Reference(copy.rows, copy)
