"""The one reader of small texts: configurations, legends, lists, areas, notes of earlier runs.

They are read whole, and they may come from anywhere. So each must be a regular file (a pipe would wait for ever, a
device never ends) of limited size, and what is written in it must be of limited depth, without numbers of thousands of
digits and without references that multiply.

Every function raises the error that it is given, with the file's name, what was wrong, and a hint.
"""

import csv
import io
import json
import math
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reben.core.errors import RebenError

MOST_BYTES = 1 << 20
"""Of a file that people write: a configuration, a legend."""
MOST_REPORT_BYTES = 1 << 27
"""Of a file that reben writes: a report names each bad sample of a data set."""
DEEPEST = 64
"""Levels of objects and lists within each other."""
_MOST_DIGITS = 40
_MOST_DOTS = 256  # in a line: tomllib needs time that grows with the square of a dotted key's parts
_MOST_FIELD = 1 << 17  # characters, the csv module's own limit
_DELIMITERS = ",;\t"
_SEPARATOR_LINE = re.compile(r"sep=([,;\t])", re.IGNORECASE)
_LOOKED_AT = (dict, list, int, float)
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")  # a spreadsheet's "Unicode text"
_WRONG = (OSError, yaml.YAMLError, ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError)
"""What reading and parsing raise: YAML's constructors, for one, raise whatever comes to their mind."""


class _RefusalError(ValueError):
    """A reason in our own words."""


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A line of a CSV file."""

    place: str
    """File and line, for messages."""
    cells: list[str]


def read_bytes(
    path: Path, *, kind: str, error: type[RebenError], hint: str = "", most_bytes: int = MOST_BYTES
) -> bytes:
    """All of a regular file.

    Args:
        path: of the file; links are followed.
        kind: what it should be, for the message: `a TOML file`.
        error: what to raise.
        hint: what to do next.
        most_bytes: more is refused before it is read.

    Raises:
        RebenError: `error`, if there is no such file, it is none, too large, or cannot be read.
    """
    with _refusing(path, kind, error, hint):
        return _content(path, most_bytes)


def read_text(path: Path, *, kind: str, error: type[RebenError], hint: str = "", most_bytes: int = MOST_BYTES) -> str:
    """The same as UTF-8 text, with or without a byte order mark.

    Raises:
        RebenError: `error`, for the same reasons, or if it is not text.
    """
    content = read_bytes(path, kind=kind, error=error, hint=hint, most_bytes=most_bytes)
    with _refusing(path, kind, error, hint or "save it as UTF-8"):
        return content.decode("utf-8-sig")


def read_json(path: Path, *, error: type[RebenError], hint: str = "", most_bytes: int = MOST_BYTES) -> Any:  # noqa: ANN401 - JSON
    """The value in a JSON file.

    Raises:
        RebenError: `error`, if it cannot be read.
    """
    text = read_text(path, kind="JSON", error=error, hint=hint, most_bytes=most_bytes)
    with _refusing(path, "JSON", error, hint):
        return parse_json(text)


def read_toml(path: Path, *, error: type[RebenError], hint: str = "") -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        RebenError: `error`, if it cannot be read.
    """
    text = read_text(path, kind="a TOML file", error=error, hint=hint)
    with _refusing(path, "a TOML file", error, hint):
        return _parse_toml(text)


def read_yaml(path: Path, *, error: type[RebenError], hint: str = "") -> Any:  # noqa: ANN401 - YAML
    """The value in a YAML file without aliases, merge keys and keys that are given twice.

    Raises:
        RebenError: `error`, if it cannot be read.
    """
    text = read_text(path, kind="YAML", error=error, hint=hint)
    with _refusing(path, "YAML", error, hint):
        return _parse_yaml(text)


def read_csv(path: Path, *, error: type[RebenError], hint: str = "", most_bytes: int = MOST_BYTES) -> Iterator[CsvRow]:
    """The lines of a CSV file that are not empty, as spreadsheets of any country write them.

    Cells are parted by commas, semicolons or tabs: whichever the first line has most of.

    Raises:
        RebenError: `error`, if it cannot be read.
    """
    content = read_bytes(path, kind="a CSV file", error=error, hint=hint, most_bytes=most_bytes)
    with _refusing(path, "a CSV file", error, "save it as CSV in UTF-8"):
        text = content.decode("utf-16" if content.startswith(_UTF16_MARKS) else "utf-8-sig")
    skipped = 0
    if said := _SEPARATOR_LINE.fullmatch(text.partition("\n")[0].strip(" \r")):  # Excel's own note
        text, skipped = text.partition("\n")[2], 1
    first = next((line for line in io.StringIO(text, newline="") if line.strip()), "")
    delimiter = said[1] if said else max(_DELIMITERS, key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(lines, None)
        except csv.Error as wrong:
            reason = f"a cell has more than {_MOST_FIELD:,} characters" if "field limit" in str(wrong) else str(wrong)
            raise error(f"{path}, line {lines.line_num + skipped}: {reason}", hint=hint) from wrong
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield CsvRow(f"{path}, line {lines.line_num + skipped}", cells)


def parse_json(text: str | bytes) -> Any:  # noqa: ANN401 - JSON
    """A JSON value of limited depth, with finite numbers of a limited number of digits.

    Raises:
        ValueError: if it is none.
    """
    try:
        value = json.loads(text, parse_int=_integer, parse_float=_finite, parse_constant=_finite)
    except RecursionError as wrong:
        raise _RefusalError(f"more than {DEEPEST} levels") from wrong
    _expect_shallow(value)
    return value


def is_regular(path: Path) -> bool:
    """Whether `path` is a file that can be read from the beginning to the end: no folder, pipe or device."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _content(path: Path, most_bytes: int) -> bytes:
    """All bytes of a regular file.

    Raises:
        OSError: if it cannot be opened.
        ValueError: if it is not a regular file, or too large.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would else wait for a writer
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise _RefusalError("it is a directory")
        if not stat.S_ISREG(mode):
            raise _RefusalError("it is a device or a pipe, not a regular file")
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise _RefusalError(f"it has more than {most_bytes:,} bytes")
    return content


@contextmanager
def _refusing(path: Path, kind: str, error: type[RebenError], hint: str) -> Iterator[None]:
    """Around what may fail: its errors in our words.

    Raises:
        RebenError: `error`, instead of any of them.
    """
    try:
        yield
    except _WRONG as wrong:
        raise error(f"{path}: cannot be read as {kind} ({_reason(wrong)})", hint=hint) from wrong


def _reason(wrong: Exception) -> str:
    """What went wrong, on one line."""
    if isinstance(wrong, UnicodeDecodeError):
        return f"byte {wrong.start:,} is not UTF-8 text"
    if isinstance(wrong, RecursionError):
        return f"more than {DEEPEST} levels"
    said = getattr(wrong, "strerror", None) or " ".join(str(wrong).split())
    speaks = isinstance(wrong, OSError | ValueError | yaml.YAMLError) and said
    return said if speaks else f"{type(wrong).__name__} {said}"


def _parse_toml(text: str) -> dict[str, Any]:
    """TOML.

    Raises:
        ValueError: if it is none.
    """
    crowded = next((number for number, line in enumerate(text.split("\n"), 1) if line.count(".") > _MOST_DOTS), None)
    if crowded is not None:
        raise _RefusalError(f"line {crowded} has more than {_MOST_DOTS} dots")
    value = tomllib.loads(text, parse_float=_finite)
    _expect_shallow(value)
    return value


class _PlainLoader(yaml.SafeLoader):  # type: ignore[misc] # PyYAML has no types
    """YAML's safe subset without what makes a small file a large value."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - PyYAML's signature
        if self.check_event(yaml.AliasEvent):
            raise _RefusalError(
                f"line {self.peek_event().start_mark.line + 1}: aliases (*name) are not read; write it out"
            )
        self._depth += 1
        if self._depth > DEEPEST:
            raise _RefusalError(f"more than {DEEPEST} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def flatten_mapping(self, node: Any) -> None:  # noqa: ANN401 - PyYAML's signature
        known = set()
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.tag == "tag:yaml.org,2002:merge":
                raise _RefusalError(f"line {line}: merge keys (<<) are not read; write the keys out")
            if key.value in known if isinstance(key.value, str) else False:
                raise _RefusalError(f"line {line}: key {key.value!r} is given twice")
            known.add(key.value if isinstance(key.value, str) else id(key))

    def construct_short(self, node: Any) -> Any:  # noqa: ANN401 - PyYAML's signature
        """A number or date: what has hundreds of characters is none, and sums of sixties take for ever."""
        if len(str(node.value)) > _MOST_DIGITS:
            raise _RefusalError(f"line {node.start_mark.line + 1}: a number of more than {_MOST_DIGITS} characters")
        return yaml.SafeLoader.yaml_constructors[node.tag](self, node)


for _kind in ("int", "float", "timestamp"):
    _PlainLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", _PlainLoader.construct_short)


def _parse_yaml(text: str) -> Any:  # noqa: ANN401 - YAML
    value = yaml.load(text, _PlainLoader)  # noqa: S506 - a subclass of SafeLoader
    _expect_shallow(value)
    return value


def _integer(text: str) -> int:
    """An integer of a JSON file.

    Raises:
        ValueError: if it has too many digits.
    """
    if len(text) > _MOST_DIGITS:
        raise _RefusalError(f"a number of {len(text):,} digits")
    return int(text)


def _finite(text: str) -> float:
    """A number of a JSON or TOML file.

    Raises:
        ValueError: if it is none, or not finite.
    """
    if len(text) > _MOST_FIELD:
        raise _RefusalError(f"a number of {len(text):,} digits")
    value = float(text)
    if not math.isfinite(value):
        raise _RefusalError(f"{text[:_MOST_DIGITS]} is not a finite number")
    return value


def _expect_shallow(value: object) -> None:
    """Check the depth of a value, and the length of its numbers.

    Raises:
        ValueError: if one is too large to be used.
    """
    waiting: list[tuple[object, tuple[object, ...]]] = [(value, ())]
    while waiting:
        item, place = waiting.pop()
        if isinstance(item, dict | list):
            if len(place) >= DEEPEST:
                raise _RefusalError(f"more than {DEEPEST} levels")
            inside = item.items() if isinstance(item, dict) else enumerate(item)
            waiting += [(below, (*place, name)) for name, below in inside if isinstance(below, _LOOKED_AT)]
        elif isinstance(item, int) and abs(item) >= 10**_MOST_DIGITS:
            raise _RefusalError(f"{_dotted(place)}a number of more than {_MOST_DIGITS} digits")
        elif isinstance(item, float) and not math.isfinite(item):
            raise _RefusalError(f"{_dotted(place)}{item} is not a finite number")


def _dotted(place: tuple[object, ...]) -> str:
    return f"{'.'.join(map(str, place))}: " if place else ""
