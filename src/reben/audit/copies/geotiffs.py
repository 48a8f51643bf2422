"""Copies as folders of GeoTIFFs, in any layout in which names of files or of their folders hold patch ids."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from reben.audit.copies.band_names import named_channels, reben_name
from reben.audit.copies.copy import CopyPatch, CopyRow
from reben.audit.copies.pairing import Entry, PairedCopy, is_map, name_and_rest, paired, split_name
from reben.audit.copies.tables import merged, read_rows, tables_beside
from reben.core.errors import AuditError
from reben.core.names import REFERENCE_MAP_SUFFIX, SPLIT_NAMES
from reben.io.tiff.geotiff import read_stack

ENDINGS = (".tif", ".tiff")
_SPLIT_FOLDERS = {*SPLIT_NAMES, "val", "valid", "dev", "training", "testing"}


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    suffix: str
    """What follows the patch id: the name of a band, or of a group of bands, or nothing."""


@dataclass(frozen=True)
class GeoTiffCopy(PairedCopy[_File]):
    """A folder of GeoTIFFs; see `Copy`."""

    form = "a folder of GeoTIFFs"

    def read(self, position: int) -> CopyPatch:
        """See `Copy`.

        Raises:
            RasterError: if a file cannot be read.
            AuditError: if a file of several bands does not say which they are.
        """
        entry = self.entries[position]
        bands: dict[str, NDArray[Any]] = {}
        for file in entry.images:
            bands |= named_channels(*self._stack(file), where=file.suffix or file.path.name)
        masks = [read_stack(file.path)[0] for file in entry.maps[:1]]
        return CopyPatch(bands, masks[0] if masks else None)

    def _stack(self, file: _File) -> tuple[NDArray[Any], Sequence[str] | None]:
        """Pixels of a file, and the names of their bands where there are several."""
        stack = read_stack(file.path)
        if len(stack) == 1:
            return stack[0], [file.suffix]
        return stack, descriptions(file.path) or self.bands


def descriptions(path: Path | str) -> list[str] | None:
    """What a file says its bands are; None if it does not say so of each."""
    import rasterio  # noqa: PLC0415 - as in `geotiff`
    from rasterio.errors import NotGeoreferencedWarning  # noqa: PLC0415

    with (
        warnings.catch_warnings(action="ignore", category=NotGeoreferencedWarning),
        rasterio.open(path, driver="GTiff") as source,
    ):
        texts = [text or "" for text in source.descriptions]
    return texts if all(reben_name(text) for text in texts) else None


def open_geotiffs(root: Path, bands: Sequence[str] | None = None) -> GeoTiffCopy:
    """Find the patches in a folder of GeoTIFFs.

    Args:
        root: folder.
        bands: of files with several bands that do not name them.

    Raises:
        AuditError: if there is no GeoTIFF in it.
    """
    entries: dict[str, Entry[_File]] = {}
    splits: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for path in sorted(path for path in root.rglob("*") if path.suffix.lower() in ENDINGS):
        name, suffix = _named(path)
        entry = entries.setdefault(name, Entry(name))
        (entry.maps if is_map(suffix) else entry.images).append(_File(path, suffix))
        split = [part for part in path.relative_to(root).parts[:-1] if part.lower() in _SPLIT_FOLDERS]
        if split:
            splits[name] = split[0]
    if not entries:
        raise AuditError(f"{root}: there is no GeoTIFF in this folder", hint="give the folder with the patches")
    rows = read_rows(tables_beside(root))
    for name, split_name_ in splits.items():
        rows[name] = merged(rows.get(name, CopyRow()), CopyRow(split=split_name_))
    return GeoTiffCopy(paired(entries.values(), rows), rows, bands, left_out)


def _named(path: Path) -> tuple[str, str]:
    """Patch id and the rest of a file's name; without an id anywhere, what stands before the name of a band."""
    own = split_name(path.stem)
    if own is not None:
        return own
    above = split_name(path.parent.name)
    if above is not None:
        return above[0], path.stem
    before, _, last = path.stem.rpartition("_")
    if path.stem.endswith(REFERENCE_MAP_SUFFIX):
        return name_and_rest(path.stem)
    return (before, last) if before and (reben_name(last) or is_map(last)) else (path.stem, "")
