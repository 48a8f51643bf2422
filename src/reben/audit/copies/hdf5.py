"""Copies as HDF5 files: a group or data set per patch, or big arrays of all patches with an index of their ids.

Only what the file itself holds is read: links to other files are not followed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reben.audit.copies.band_names import named_channels, reben_name
from reben.audit.copies.copy import LARGEST_ARRAY, CopyPatch, CopyRow, as_labels, as_text
from reben.audit.copies.pairing import Entry, PairedCopy, is_map, paired, split_name
from reben.audit.copies.tables import ID_COLUMNS, merged, read_rows, tables_beside
from reben.core.errors import AuditError, MissingExtraError
from reben.core.names import SPLIT_NAMES

if TYPE_CHECKING:
    import h5py

ENDINGS = (".h5", ".hdf5", ".hdf", ".he5")
_BAND_LISTS = ("bands", "band_names", "channels", "channel_names")
_CLASS_LISTS = ("classes", "class_names", "label_names")
_LABEL_NAMES = ("labels", "label", "y", "target", "targets", "multi_hot")
_IMAGE_AXES = (3, 4)  # of big arrays: patches, rows, columns, with channels or without
_MOST_DEPTH = 6
_LARGEST_COLUMN = 1 << 28  # bytes; ids of all of reBEN have 30 million
_HINT = "give a file with a group per patch, or with arrays of all patches and a data set of their ids"


def open_hdf5(path: Path, bands: Sequence[str] | None = None) -> "Hdf5Groups | Hdf5Arrays":
    """Find the patches in an HDF5 file.

    Args:
        path: of the file.
        bands: of images whose channels have no names in the file.

    Raises:
        AuditError: if it is not a whole HDF5 file, or no patches are found in it.
        MissingExtraError: if h5py is not installed.
    """
    file = _opened(path)
    try:
        ids = _index(file)
        rows = read_rows(tables_beside(path.parent))
        if ids is not None:
            return Hdf5Arrays(file, ids, rows, bands or _texts(file, _BAND_LISTS), _texts(file, _CLASS_LISTS))
        entries, own = _groups(file)
        if not entries:
            raise AuditError(f"{path}: no patches are found in this HDF5 file", hint=_HINT)
        rows = {name: merged(row, rows.get(name)) for name, row in own.items()} | {
            name: row for name, row in rows.items() if name not in own
        }
        named = bands or _texts(file, _BAND_LISTS)
        return Hdf5Groups(paired(entries, rows), rows, named, class_names=_texts(file, _CLASS_LISTS), file=file)
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        raise _damaged(path, error) from error


@dataclass(frozen=True)
class Hdf5Groups(PairedCopy[str]):
    """An HDF5 file with a group or data set per patch; see `Copy`."""

    file: "h5py.File" = field(kw_only=True)
    form = "an HDF5 file"

    def read(self, position: int) -> CopyPatch:
        """See `Copy`.

        Raises:
            AuditError: if something cannot be read, or channels have no names.
        """
        entry = self.entries[position]
        bands: dict[str, NDArray[Any]] = {}
        mask = None
        for place in entry.images:
            for name, dataset in _datasets(self.file[place], place):
                if is_map(name):
                    mask = _read(dataset)
                elif name.lower() not in _LABEL_NAMES:
                    names = None if reben_name(name) else _texts(dataset, _BAND_LISTS) or self.bands
                    bands |= named_channels(_read(dataset), names, where=name)
        for place in entry.maps[:1]:
            mask = next((_read(dataset) for _, dataset in _datasets(self.file[place], place)), None)
        return CopyPatch(bands, mask)


@dataclass(frozen=True)
class Hdf5Arrays:
    """An HDF5 file with big arrays of all patches; see `Copy`."""

    file: "h5py.File"
    patch_ids: Sequence[str]
    tables: Mapping[str, CopyRow]
    bands: Sequence[str] | None
    class_names: Sequence[str] | None
    form = "an HDF5 file with arrays of all patches"
    masks_are_maps = True

    @property
    def left_out(self) -> Mapping[str, str]:
        """See `Copy`: arrays that are not as long as the index."""
        return {
            name: f"has {dataset.shape[0] if dataset.shape else 0} entries; there are {len(self.patch_ids)} patch ids"
            for name, dataset in self._arrays()
            if len(dataset.shape) in _IMAGE_AXES and dataset.shape[0] != len(self.patch_ids)
        }

    @property
    def rows(self) -> Mapping[str, CopyRow]:
        """See `Copy`."""
        arrays = dict(self._arrays())
        labels = next(
            (_column(arrays[name]) for name in _LABEL_NAMES if name in arrays and self._fits(arrays[name])), None
        )
        split = _column(arrays["split"]) if "split" in arrays and self._fits(arrays["split"]) else None
        if labels is None and split is None:
            return self.tables
        return {
            patch_id: merged(
                CopyRow(
                    labels=None if labels is None else as_labels(labels[number]),
                    split=None if split is None else _split_text(split[number]),
                ),
                self.tables.get(patch_id),
            )
            for number, patch_id in enumerate(self.patch_ids)
        }

    def read(self, position: int) -> CopyPatch:
        """See `Copy`.

        Raises:
            AuditError: if something cannot be read, or channels have no names.
        """
        bands: dict[str, NDArray[Any]] = {}
        mask = None
        for name, dataset in self._arrays():
            if len(dataset.shape) not in _IMAGE_AXES or not self._fits(dataset):
                continue
            pixels = _read(dataset, position)
            if is_map(name) or name.lower() in {"masks", "maps", "reference_maps"}:
                mask = pixels
            else:
                names = None if reben_name(name) else _texts(dataset, _BAND_LISTS) or self.bands
                bands |= named_channels(pixels, names, where=name)
        return CopyPatch(bands, mask)

    def _arrays(self) -> Iterator[tuple[str, "h5py.Dataset"]]:
        return _datasets(self.file, "")

    def _fits(self, dataset: "h5py.Dataset") -> bool:
        return bool(dataset.shape) and dataset.shape[0] == len(self.patch_ids)


def _opened(path: Path) -> "h5py.File":
    """The file, open for reading.

    Raises:
        AuditError: if it is not a whole HDF5 file.
        MissingExtraError: if h5py is not installed.
    """
    try:
        import h5py  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError.needed("an HDF5 file", error.name, "audit") from error
    try:
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> AuditError:
    return AuditError(
        f"{path}: cannot be read as an HDF5 file ({error})", hint="the file may be truncated; fetch it again"
    )


def _members(group: "h5py.Group") -> Iterator[tuple[str, Any]]:
    """What a group holds itself; links to other files and places are passed over."""
    import h5py  # noqa: PLC0415 - as above

    for name in group:
        if isinstance(group.get(name, getlink=True), h5py.HardLink):
            yield name, group[name]


def _datasets(thing: Any, name: str) -> Iterator[tuple[str, "h5py.Dataset"]]:  # noqa: ANN401 - group or data set
    """Data sets directly in a group, or the data set itself under the last part of its name."""
    import h5py  # noqa: PLC0415 - as above

    if isinstance(thing, h5py.Dataset):
        last = name.rsplit("/", 1)[-1]
        yield (split_name(last) or (last, last))[1] or last, thing
        return
    for own, member in _members(thing):
        if isinstance(member, h5py.Dataset):
            yield own, member


def _read(dataset: "h5py.Dataset", position: int | None = None) -> NDArray[Any]:
    """A data set, or one entry of it.

    Raises:
        AuditError: if it cannot be read, holds no numbers, or claims to be very large.
    """
    shape = dataset.shape or ()
    nbytes = prod(shape if position is None else shape[1:]) * max(dataset.dtype.itemsize, 1)
    if nbytes > LARGEST_ARRAY or dataset.dtype.kind not in "biuf":
        raise AuditError(
            f"{dataset.name}: {nbytes:,} bytes of {dataset.dtype} per patch; expected numbers, "
            f"{LARGEST_ARRAY:,} bytes at most"
        )
    try:
        return np.asarray(dataset[()] if position is None else dataset[position])
    except (OSError, RuntimeError, ValueError) as error:
        raise AuditError(f"{dataset.name}: cannot be read ({error})") from error


def _column(dataset: "h5py.Dataset") -> NDArray[Any]:
    """A data set that says something of patches, not their pixels, as a whole.

    Raises:
        AuditError: if it cannot be read, or claims to be very large.
    """
    if dataset.size * max(dataset.dtype.itemsize, 1) > _LARGEST_COLUMN:
        raise AuditError(f"{dataset.name}: claims {dataset.shape} values of {dataset.dtype}; expected one per patch")
    try:
        return np.asarray(dataset[()])
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        raise AuditError(f"{dataset.name}: cannot be read ({error})") from error


def _index(file: "h5py.File") -> list[str] | None:
    """The ids of the patches in big arrays; None if the file has no such index."""
    for name, dataset in _datasets(file, ""):
        if name.lower() in {*ID_COLUMNS, "ids", "keys", "names", "patch_ids"} and len(dataset.shape) == 1:
            return [as_text(value) for value in _column(dataset).tolist()]
    return None


def _groups(file: "h5py.File") -> tuple[list[Entry[str]], dict[str, CopyRow]]:
    """Entries of a file with a group per patch, and what their attributes and the groups around them say."""
    import h5py  # noqa: PLC0415 - as above

    entries: dict[str, Entry[str]] = {}
    rows: dict[str, CopyRow] = {}

    def visit(group: "h5py.Group", path: str, split: str | None, depth: int) -> None:
        for name, member in _members(group):
            place = f"{path}/{name}"
            named = split_name(name)
            if named is None and isinstance(member, h5py.Group) and depth < _MOST_DEPTH and not _holds_bands(member):
                visit(member, place, name if name.lower() in {*SPLIT_NAMES, "val"} else split, depth + 1)
                continue
            if named is None and not isinstance(member, h5py.Group):
                continue
            patch_id, suffix = named or (name, "")
            entry = entries.setdefault(patch_id, Entry(patch_id))
            (entry.maps if is_map(suffix) else entry.images).append(place)
            rows[patch_id] = merged(_attributes(member, split), rows.get(patch_id))

    visit(file, "", None, 0)
    return list(entries.values()), rows


def _holds_bands(group: "h5py.Group") -> bool:
    return any(reben_name(name) for name, _ in _datasets(group, ""))


def _attributes(member: Any, split: str | None) -> CopyRow:  # noqa: ANN401 - group or data set
    """What a patch's attributes and its label data set say."""
    attributes = member.attrs
    labels: object = next((attributes[name] for name in _LABEL_NAMES if name in attributes), None)
    for name, dataset in _datasets(member, ""):
        if labels is None and name.lower() in _LABEL_NAMES and len(dataset.shape) == 1:
            labels = _column(dataset)
    own = attributes.get("split")
    partner = attributes.get("s1_name")
    return CopyRow(
        labels=as_labels(labels),
        split=split if own is None else as_text(own),
        s1_name=None if partner is None else as_text(partner),
    )


def _texts(thing: Any, names: Sequence[str]) -> list[str] | None:  # noqa: ANN401 - file, group or data set
    """A list of texts among the attributes, or the data sets of the file; None if there is none."""
    for name in names:
        value = thing.attrs.get(name)
        if value is None and hasattr(thing, "keys") and name in thing and len(thing[name].shape) == 1:
            value = _column(thing[name])
        if value is not None:
            text = as_text(value) if isinstance(value, str | bytes) else ""
            return (
                [part.strip() for part in text.split(",")] if text else [as_text(v) for v in np.ravel(value).tolist()]
            )
    return None


def _split_text(value: object) -> str:
    """A split in words; numbers stand for the published order of splits."""
    if isinstance(value, int | np.integer) and 0 <= int(value) < len(SPLIT_NAMES):
        return SPLIT_NAMES[int(value)]
    return as_text(value)
