"""Lists of BigEarthNet v1 patches: which have snow or clouds, and which Sentinel-1 patch belongs to which.

Source: the published lists: CSV without a header, one v1 name per line, or `s2v1_name,s1_name`.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from reben.core.errors import MetadataError, NameFormatError
from reben.core.names import S1PatchName, V1PatchName
from reben.io.small_files import read_csv

_MOST_BYTES = 1 << 28
"""The published pairs of all patches have some 60 MB."""


def read_names(paths: Sequence[Path]) -> frozenset[str]:
    """v1 names of all lists.

    Raises:
        MetadataError: if a file cannot be read, or a line is not a v1 name.
    """
    names = set()
    for path in paths:
        for place, row in _rows(path, columns=1):
            _parse(place, V1PatchName, row[0])
            names.add(row[0])
    return frozenset(names)


def read_s1_pairs(path: Path) -> dict[str, str]:
    """Sentinel-1 name by v1 name.

    Raises:
        MetadataError: if the file cannot be read, a line is not a pair of names, or a v1 name has two partners.
    """
    pairs: dict[str, str] = {}
    for place, (v1_name, s1_name) in _rows(path, columns=2):
        _parse(place, V1PatchName, v1_name)
        _parse(place, S1PatchName, s1_name)
        if pairs.setdefault(v1_name, s1_name) != s1_name:
            raise MetadataError(f"{place}: {v1_name} has two partners, {pairs[v1_name]} and {s1_name}")
    return pairs


def _rows(path: Path, *, columns: int) -> Iterator[tuple[str, list[str]]]:
    """Place and cells of each line that is not empty.

    Raises:
        MetadataError: if the file cannot be read, or a line has another number of cells.
    """
    hint = f"expected {columns} column{'s' if columns > 1 else ''}, and no header"
    for row in read_csv(path, error=MetadataError, hint=hint, most_bytes=_MOST_BYTES):
        if len(row.cells) != columns:
            raise MetadataError(f"{row.place}: has {len(row.cells)} columns; expected {columns}, and no header")
        yield row.place, row.cells


def _parse(place: str, kind: type[V1PatchName | S1PatchName], name: str) -> None:
    """Check a name.

    Raises:
        MetadataError: if it has not the form of its kind.
    """
    try:
        kind.parse(name)
    except NameFormatError as error:
        raise MetadataError(f"{place}: {error}", hint="the lists have no header") from error
