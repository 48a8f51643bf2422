"""Hold a store against the metadata tables of its data set."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reben.core.bands import BANDS, REFERENCE_MAP_RESOLUTION_M, S1_BANDS, S2_BANDS
from reben.core.errors import MetadataError, StoreError
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import REFERENCE_MAP_TENSOR, Store, TensorSpec, open_store, reference_map_key
from reben.verify.findings import Check, Finding
from reben.verify.patch_check import (
    PRESENT,
    STRAYS,
    PatchFindings,
    PatchRow,
    as_rows,
    check_all,
    check_labels,
    check_pixels,
)
from reben.verify.rules import DatasetRules, read_rules, tables_of
from reben.verify.tables import check_tables
from reben.work.progress import Begin, begin_unseen

_Tensors = Mapping[str, TensorSpec]


def verify_store(
    path: Path,
    metadata: Sequence[Path] = (),
    *,
    workers: int = 1,
    start: Begin = begin_unseen,
) -> list[Check]:
    """Check tables and every value.

    A part that the store lacks as a whole (reference maps, when they were not encoded) is left out, unless the data set
    has a build report.

    Args:
        path: store.
        metadata: its tables; by default those in the folder in which it lies. Report and legend are those beside them.
        workers: processes that read.
        start: called with the number of patches; returns the progress callback.

    Raises:
        StoreError: if there is no store.
        MetadataError: if there is no metadata table, or one cannot be used at all.
    """
    store = open_store(path)
    files = list(metadata) or _tables_beside(DatasetPaths(path.absolute().parent), path)
    paths = DatasetPaths(files[0].absolute().parent)  # report and legend lie beside the tables
    rules = read_rules(paths)
    tables = {file: read_metadata(file, legend=rules.legend) for file in files}
    rows = as_rows(read_metadata(files, legend=rules.legend))
    checker = _Checker(store, rules, _parts(store, rows, complete=not metadata and paths.report.exists()))
    found = check_all(checker.check, rows, workers=workers, start=start)
    for key in _strays(store, rows):
        found.add(STRAYS, Finding(f"{path}, key {key}", "no row of the metadata tables names it"))
    found.checked[STRAYS] = len(store)
    return check_tables(tables, rules) + found.as_checks()


@dataclass(frozen=True)
class _Checker:
    """Checks patches, in a worker."""

    store: Store
    rules: DatasetRules
    parts: frozenset[str]
    """Sensors whose values must be there, and `map`."""

    def check(self, rows: Sequence[PatchRow]) -> PatchFindings:
        """Findings of some patches."""
        found = PatchFindings(patches=len(rows))
        for row in rows:
            self._check_patch(row, found)
        return found

    def _check_patch(self, row: PatchRow, found: PatchFindings) -> None:
        for part, key, expected in self._values(row):
            where = f"{self.store.path}, key {key}"
            try:
                tensors = self.store[key]
            except StoreError as error:
                found.add(PRESENT, Finding(row.patch_id, str(error)))
                continue
            actual = {name: TensorSpec(name, array.shape, array.dtype) for name, array in tensors.items()}
            if actual != expected:
                found.add(PRESENT, Finding(where, f"has {_described(actual)}; expected {_described(expected)}"))
                continue
            found.add(PRESENT)
            if part == "map":
                check_labels(row, where, tensors[REFERENCE_MAP_TENSOR], self.rules, found)
            else:
                check_pixels(where, tensors, found)

    def _values(self, row: PatchRow) -> Iterator[tuple[str, str, _Tensors]]:
        """Part, key and tensors of each value of a patch."""
        size_m = self.rules.patch_size_m
        yield "s2", row.patch_id, _tensors(S2_BANDS, size_m)
        if row.s1_name is not None and "s1" in self.parts:
            yield "s1", row.s1_name, _tensors(S1_BANDS, size_m)
        if "map" in self.parts:
            side = size_m // REFERENCE_MAP_RESOLUTION_M
            data = TensorSpec(REFERENCE_MAP_TENSOR, (side, side), np.dtype("<u2"))
            yield "map", reference_map_key(row.patch_id), {data.name: data}


def _tensors(bands: Sequence[str], patch_size_m: int) -> _Tensors:
    sides = {name: BANDS[name].side_px(patch_size_m) for name in bands}
    return {name: TensorSpec(name, (side, side), BANDS[name].numpy_dtype) for name, side in sides.items()}


def _described(tensors: _Tensors) -> str:
    return ", ".join(f"{t.name} {'x'.join(map(str, t.shape))} {t.dtype.name}" for t in tensors.values()) or "nothing"


def _tables_beside(paths: DatasetPaths, store: Path) -> list[Path]:
    """Tables in the folder of the store.

    Raises:
        MetadataError: if there is none.
    """
    try:
        return tables_of(paths.root)
    except MetadataError as error:
        raise MetadataError(
            f"{store}: there is no metadata table beside it", hint="give its tables with --metadata"
        ) from error


def _parts(store: Store, rows: Sequence[PatchRow], *, complete: bool) -> frozenset[str]:
    has_s1 = any(row.s1_name in store for row in rows)
    has_maps = any(reference_map_key(row.patch_id) in store for row in rows)
    return frozenset(part for part, there in (("s2", True), ("s1", has_s1), ("map", has_maps)) if there or complete)


def _strays(store: Store, rows: Sequence[PatchRow]) -> Iterator[str]:
    known = {row.s1_name for row in rows} | {row.patch_id for row in rows}
    known |= {reference_map_key(row.patch_id) for row in rows}
    return (key for key in store if key not in known)
