"""Patches of an earlier version of a data set: labels, splits, or both, in whichever form they were given out.

Tables (Parquet, CSV) are read, lists of names (`train.csv`, `val.csv`, `test.csv`, also compressed), and folders with
the `*_labels_metadata.json` of BigEarthNet v1.
"""

import bz2
import csv
import gzip
import io
from ast import literal_eval
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from reben.core.errors import MetadataError
from reben.io.small_files import read_bytes, read_json

_SPLITS = {"train": "train", "training": "train", "val": "validation", "valid": "validation",
           "validation": "validation", "test": "test"}  # fmt: skip
_NAME_COLUMNS = ("patch_id", "patch", "patch_name", "name", "s2v1_name", "s2_name")
_LABEL_COLUMNS = ("labels", "label", "new_labels", "original_labels")
_SPLIT_COLUMNS = ("split", "original_split")
_JSON_SUFFIX = "_labels_metadata.json"
_LIST_ENDINGS = (".csv", ".csv.bz2", ".csv.gz", ".txt", ".txt.bz2", ".txt.gz")
_MOST_BYTES = 1 << 30
"""Of a list or table as text: v1 has 590,326 patches, with names of some 40 bytes and labels of some hundred."""
_LONGEST_LIST = 10_000  # characters
_HINT = (
    "give a table (.parquet, .csv) with a column of patch names and a column labels or split; a folder with train.csv, "
    "val.csv and test.csv; or a folder with the *_labels_metadata.json of BigEarthNet v1"
)


@dataclass(frozen=True)
class Earlier:
    """What is known of patches by their names."""

    source: str
    labels: dict[str, tuple[str, ...]]
    """Empty if there are no labels."""
    splits: dict[str, str]
    """Empty if there are no splits."""

    @property
    def names(self) -> set[str]:
        """Of all patches."""
        return self.labels.keys() | self.splits.keys()


def read_earlier(path: Path) -> Earlier:
    """An earlier version of a data set.

    Args:
        path: file or folder, in one of the forms above.

    Raises:
        MetadataError: if it has none of these forms, or a patch has two labels lists or two splits.
    """
    if not path.exists():
        raise MetadataError(f"{path} does not exist", hint=_HINT)
    if path.is_dir():
        lists = {split: file for file in sorted(path.iterdir()) for split in [_split_of(file)] if split is not None}
        found = _of_lists(lists) if lists else _of_json_files(path)
    elif path.name.endswith(".parquet"):
        found = _of_rows(path, _parquet_rows(path))
    else:
        found = _of_text(path)
    if not found.names:
        raise MetadataError(f"{path}: has no patches with labels or splits", hint=_HINT)
    return found


def _split_of(file: Path) -> str | None:
    """The split whose list a file is, from its name; None if it is not such a list."""
    stem, dot, ending = file.name.partition(".")
    return _SPLITS.get(stem.lower()) if file.is_file() and dot + ending in _LIST_ENDINGS else None


def _of_lists(lists: dict[str, Path]) -> Earlier:
    """Splits from a list of names each.

    Raises:
        MetadataError: if a name is in two lists, or one cannot be read.
    """
    splits: dict[str, str] = {}
    for split, file in lists.items():
        for cells in _lines(file):
            if splits.setdefault(cells[0], split) != split:
                raise MetadataError(f"{file}: {cells[0]} is in the list of {splits[cells[0]]}, too")
    return Earlier(str(next(iter(lists.values())).parent), {}, splits)


def _of_json_files(folder: Path) -> Earlier:
    """Labels of patches in the layout of BigEarthNet v1.

    Raises:
        MetadataError: if a file cannot be read, or has no labels.
    """
    labels = {}
    for file in sorted(folder.rglob(f"*{_JSON_SUFFIX}")):
        content = read_json(file, error=MetadataError, hint="download it again")
        found = content.get("labels") if isinstance(content, dict) else None
        if not isinstance(found, list) or not all(isinstance(label, str) for label in found):
            raise MetadataError(f"{file}: has no list of labels", hint="expected a file of BigEarthNet v1")
        labels[file.name.removesuffix(_JSON_SUFFIX)] = tuple(found)
    return Earlier(str(folder), labels, {})


V = TypeVar("V")
_Row = dict[str, object]


def _of_rows(path: Path, rows: Iterable[_Row]) -> Earlier:
    """Labels and splits from rows of a table.

    Raises:
        MetadataError: if it lacks a column, or a value is none.
    """
    labels: dict[str, tuple[str, ...]] = {}
    splits: dict[str, str] = {}
    for number, row in enumerate(rows):
        name = _first(row, _NAME_COLUMNS)
        given, split = _first(row, _LABEL_COLUMNS), _first(row, _SPLIT_COLUMNS)
        if not isinstance(name, str) or (given is None and split is None):
            found = ", ".join(map(str, row))
            raise MetadataError(f"{path}, row {number}: has no name, or neither labels nor split; columns: {found}",
                                hint=_HINT)  # fmt: skip
        if given is not None:
            _put(labels, name, _label_list(given), path)
        if split is not None:
            if str(split).lower() not in _SPLITS:
                raise MetadataError(f"{path}, row {number}: split {split!r} is not one of {', '.join(_SPLITS)}")
            _put(splits, name, _SPLITS[str(split).lower()], path)
    return Earlier(str(path), labels, splits)


def _put(known: dict[str, V], name: str, value: V, path: Path) -> None:
    if known.setdefault(name, value) != value:
        raise MetadataError(f"{path}: {name} occurs twice, with different values")


def _first(row: _Row, names: Sequence[str]) -> object:
    return next((row[name] for name in names if row.get(name) is not None), None)


def _label_list(given: object) -> tuple[str, ...]:
    """Labels from a list, or from a text that holds one: JSON, as Python prints it, or parted by semicolons or bars."""
    if isinstance(given, list):
        return tuple(map(str, given))
    text = str(given).strip()
    if text.startswith("["):
        try:
            found = literal_eval(text[:_LONGEST_LIST])
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
            raise MetadataError(f"labels {text[:80]!r} are not a list", hint=_HINT) from error
        return tuple(map(str, found))
    parting = ";" if ";" in text else "|"
    return tuple(label.strip() for label in text.split(parting) if label.strip())


def _parquet_rows(path: Path) -> Iterator[_Row]:
    """Rows of a Parquet table, with the columns that are known.

    Raises:
        MetadataError: if it cannot be read.
    """
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            known = [name for name in names if name.lower() in (*_NAME_COLUMNS, *_LABEL_COLUMNS, *_SPLIT_COLUMNS)]
            if not known:
                raise MetadataError(f"{path}: has the columns {', '.join(names)}", hint=_HINT)
            for batch in file.iter_batches(columns=known):
                yield from ({name.lower(): value for name, value in row.items()} for row in batch.to_pylist())
    except (OSError, pa.ArrowException) as error:
        raise MetadataError(f"{path}: cannot be read as a Parquet table ({error})", hint=_HINT) from error


def _of_text(path: Path) -> Earlier:
    """Labels and splits from a CSV file with a header, or a split from a list of names that is called after it.

    Raises:
        MetadataError: if it is neither.
    """
    split = _split_of(path)
    if split is not None:
        return _of_lists({split: path})
    lines = _lines(path)
    header = [cell.lower() for cell in next(lines, [])]
    if not set(header) & set(_NAME_COLUMNS):
        found = ", ".join(header)[:200]
        raise MetadataError(f"{path}: has no column with names of patches; found: {found}", hint=_HINT)
    return _of_rows(path, (dict(zip(header, (cell or None for cell in cells), strict=False)) for cells in lines))


def _lines(path: Path) -> Iterator[list[str]]:
    """Cells of each line that is not empty.

    Raises:
        MetadataError: if the file cannot be read, or grows to more than it can have.
    """
    content = read_bytes(path, kind="a list", error=MetadataError, hint=_HINT, most_bytes=_MOST_BYTES)
    try:
        if path.suffix in {".bz2", ".gz"}:
            compressed = io.BytesIO(content)
            with bz2.BZ2File(compressed) if path.suffix == ".bz2" else gzip.GzipFile(fileobj=compressed) as file:
                content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise MetadataError(f"{path}: has more than {_MOST_BYTES:,} bytes", hint=_HINT)
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig")))
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield [cell.strip() for cell in cells]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise MetadataError(f"{path}: cannot be read as CSV in UTF-8 ({error})", hint=_HINT) from error
