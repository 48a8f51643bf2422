"""Copies as TACO files: tortillas (version 1, `.tortilla`, `.taco`) and `.tacozip` (version 2).

Both hold Parquet tables that say where each sample lies in the file: version 1 behind a header of its own, version 2 in
a zip archive whose first entry says where the tables are, which tacozip reads. Nothing outside of the file is read.

Source: the TACO specification (https://tacofoundation.github.io), and files that its own libraries read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reben.audit.copies.band_names import named_channels, reben_name
from reben.audit.copies.copy import LARGEST_ARRAY, CopyPatch
from reben.audit.copies.geotiffs import descriptions
from reben.audit.copies.pairing import Entry, PairedCopy, is_map, paired, split_name
from reben.audit.copies.tables import rows_of
from reben.core.errors import AuditError, MissingExtraError
from reben.io.tiff.geotiff import stack_of

V1_ENDINGS = (".tortilla", ".taco")
V2_ENDINGS = (".tacozip",)
ENDINGS = V1_ENDINGS + V2_ENDINGS
_V1_MARKS = (b"#y", b"WX")
_V1_HEADER = 18  # bytes
_LARGEST_TABLE = 1 << 30


@dataclass(frozen=True, slots=True)
class _Slice:
    """Bytes of the TACO file that are a GeoTIFF."""

    offset: int
    nbytes: int
    suffix: str


@dataclass(frozen=True)
class TacoCopy(PairedCopy[_Slice]):
    """A TACO file; see `Copy`."""

    path: Path = field(kw_only=True)
    form = "a TACO file"

    def read(self, position: int) -> CopyPatch:
        """See `Copy`.

        Raises:
            RasterError: if a GeoTIFF cannot be read.
            AuditError: if one of several bands does not say which they are.
        """
        entry = self.entries[position]
        bands: dict[str, NDArray[Any]] = {}
        for part in entry.images:
            stack, names = self._stack(part)
            bands |= named_channels(stack[0] if len(stack) == 1 else stack, names, where=part.suffix or "image")
        masks = [self._stack(part)[0][0] for part in entry.maps[:1]]
        return CopyPatch(bands, masks[0] if masks else None)

    def _stack(self, part: _Slice) -> tuple[NDArray[Any], Sequence[str] | None]:
        """Pixels of a GeoTIFF, and the names of its bands as far as they are known."""
        if not 0 < part.nbytes <= LARGEST_ARRAY or part.offset < 0:
            raise AuditError(f"{self.path}: a file inside claims {part.nbytes:,} bytes; a patch has fewer")
        with self.path.open("rb") as file:
            file.seek(part.offset)
            data = file.read(part.nbytes)
        stack = stack_of(data, f"{self.path}, bytes from {part.offset}")
        if len(stack) == 1:
            return stack, [part.suffix]
        return stack, _descriptions(data) or self.bands


def open_taco(path: Path, bands: Sequence[str] | None = None) -> TacoCopy:
    """Find the patches in a TACO file.

    Args:
        path: of the file.
        bands: of GeoTIFFs with several bands that do not name them.

    Raises:
        AuditError: if it is not a whole TACO file.
        MissingExtraError: if tacozip is needed and not installed.
    """
    entries: dict[str, Entry[_Slice]] = {}
    try:
        with path.open("rb") as file:
            levels = _v2_levels(path, file) if path.suffix in V2_ENDINGS else None
            table = levels[0] if levels else _v1_table(file, 0)
            for name, part in _v2_samples(levels) if levels else _v1_samples(file, table):
                own = split_name(name)
                entry = entries.setdefault(own[0] if own else name, Entry(own[0] if own else name))
                (entry.maps if is_map(part.suffix) else entry.images).append(part)
    except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as error:
        raise AuditError(
            f"{path}: cannot be read as a TACO file ({str(error) or repr(error)})",
            hint="the file may be truncated; fetch it again",
        ) from error
    if not entries:
        raise AuditError(f"{path}: there is no sample in this TACO file")
    rows = rows_of(table)
    return TacoCopy(paired(entries.values(), rows), rows, bands, path=path)


def _table(file: BinaryIO, offset: int, nbytes: int) -> pa.Table:
    """A Parquet file that lies in a file.

    Raises:
        ValueError: if it lies outside, or is very large.
    """
    end = file.seek(0, 2)
    if not 0 < nbytes <= _LARGEST_TABLE or not 0 <= offset <= end - nbytes:
        raise ValueError(f"a table of {nbytes:,} bytes at {offset:,} does not lie in a file of {end:,} bytes")
    file.seek(offset)
    return pq.read_table(pa.BufferReader(file.read(nbytes)))


def _v1_table(file: BinaryIO, start: int) -> pa.Table:
    """The table of a tortilla that begins at an offset: two letters, then offset and length of the table.

    Raises:
        ValueError: if it is not one.
    """
    file.seek(start)
    header = file.read(_V1_HEADER)
    if header[:2] not in _V1_MARKS or len(header) < _V1_HEADER:
        raise ValueError("does not begin as a tortilla does")
    offset, nbytes = (int.from_bytes(header[first : first + 8], "little") for first in (2, 10))
    return _table(file, start + offset, nbytes)


def _v1_samples(file: BinaryIO, table: pa.Table, name: str = "", start: int = 0) -> Iterator[tuple[str, _Slice]]:
    """Name and place of every GeoTIFF of a tortilla, those in tortillas within it included."""
    columns = ("tortilla:id", "tortilla:file_format", "tortilla:offset", "tortilla:length")
    for own, form, offset, nbytes in zip(*(table[column].to_pylist() for column in columns), strict=True):
        place = start + int(offset)
        if form == "TORTILLA" and not name:
            yield from _v1_samples(file, _v1_table(file, place), str(own), place)
        else:
            yield name or str(own), _part(str(own), place, int(nbytes), nested=bool(name))


def _v2_levels(path: Path, file: BinaryIO) -> list[pa.Table]:
    """The tables of all levels: the header of the archive says where they lie, and last where its description does.

    Raises:
        ValueError: if there is none.
        MissingExtraError: if tacozip is not installed.
    """
    try:
        import tacozip  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise MissingExtraError.needed("a .tacozip file", error.name, "audit") from error
    try:
        places = tacozip.read_header(str(path))[:-1]
    except tacozip.TacozipError as error:
        raise ValueError(f"its header cannot be read: {error}") from error
    if not places:
        raise ValueError("its header names no table")
    return [_table(file, int(offset), int(nbytes)) for offset, nbytes in places]


def _v2_samples(levels: Sequence[pa.Table]) -> Iterator[tuple[str, _Slice]]:
    """Name and place of every GeoTIFF: of a sample that is a file, or of the files of one that is a folder."""
    names: dict[int, str] = {}
    for depth, table in enumerate(levels):
        above, names = names, {}
        for number, row in enumerate(table.to_pylist()):
            own = str(row["id"])
            name = above.get(int(row.get("internal:parent_id") or 0), own) if depth else own
            names[number] = name
            if row["type"] == "FILE":
                place = int(row["internal:offset"]), int(row["internal:size"])
                yield name, _part(own, *place, nested=bool(depth))


def _part(own: str, offset: int, nbytes: int, *, nested: bool) -> _Slice:
    """The slice of the file that a table points to."""
    stem = Path(own).stem if own.lower().endswith((".tif", ".tiff")) else own
    named = split_name(stem)
    return _Slice(offset, nbytes, named[1] if named else stem if nested or reben_name(stem) else "")


def _descriptions(data: bytes) -> list[str] | None:
    """What a GeoTIFF says its bands are; None if it does not say so of each."""
    from rasterio.io import MemoryFile  # noqa: PLC0415 - loading GDAL takes long

    with MemoryFile(data, ext=".tif") as file:
        return descriptions(file.name)
