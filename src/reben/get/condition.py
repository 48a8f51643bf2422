"""A condition in SQL on the rows of metadata tables.

The database is SQLite's, which Python brings along: a table of reBEN's size is asked in seconds, and nothing but this
table can be reached from the condition.
"""

import difflib
import json
import re
import sqlite3
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reben.core.errors import MetadataError
from reben.core.text import shortened

_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION})
_FORBIDDEN_FUNCTIONS = frozenset(
    {"load_extension", "readfile", "writefile", "edit", "random", "randomblob", "zeroblob"}
)
"""What reaches files or much memory, and what would choose other patches each time."""
_LONGEST_TEXT = 1_000_000
"""Bytes of a text that a condition may make."""
_MOST_STEPS = 20_000
"""Thousands of instructions of SQLite's machine: a hundred times what a long condition on reBEN's tables takes."""
_HINT = "such as \"country = 'Austria' and season in ('spring', 'summer') and has(labels, 'Pastures')\""


def rows_where(condition: str, rows: pa.Table, class_names: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows fulfil a condition.

    Beside SQLite's own functions there are `has(labels, 'class')` and `len(labels)`; DuckDB's name of the first,
    `list_contains`, is known, too.

    Args:
        condition: SQL, as it would stand behind `WHERE`.
        rows: columns of any kind; lists are texts of JSON to SQLite, and booleans 0 and 1.
        class_names: what `has` may be asked for.

    Returns:
        shape (rows,).

    Raises:
        MetadataError: if the condition is not one, or names a column or a class that there is not.
    """
    asked: set[str] = set()
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        _fill(connection, rows)
        _add_functions(connection, asked)
        _confine(connection)
        found = np.zeros(rows.num_rows, np.bool_)
        found[_numbers(connection, condition, rows.column_names)] = True
    finally:
        connection.close()
    unknown = sorted(asked - set(class_names))
    if unknown:
        raise MetadataError(f"--where: no class is called {unknown[0]!r}", hint=nearest(unknown[0], class_names))
    return found


def nearest(name: str, known: Sequence[str]) -> str:
    """A hint: what may have been meant, or all that there is."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(sorted(known))}"


def _fill(connection: sqlite3.Connection, rows: pa.Table) -> None:
    """Put the rows into the only table, with their numbers."""
    names = ", ".join(f'"{name}"' for name in rows.column_names)
    connection.execute(f"CREATE TABLE patches (row INTEGER PRIMARY KEY, {names})")
    marks = ", ".join("?" * (len(rows.column_names) + 1))
    values = zip(range(rows.num_rows), *map(_values, rows.columns), strict=True)
    with connection:
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO patches VALUES ({marks})", values)  # noqa: S608 - nothing of a user's


def _values(column: pa.ChunkedArray) -> Iterator[object]:
    if pa.types.is_list(column.type):
        return (json.dumps(value, ensure_ascii=False) for value in column.to_pylist())
    return iter(column.to_pylist())


def _add_functions(connection: sqlite3.Connection, asked: set[str]) -> None:
    def has(labels: object, name: object) -> bool:
        asked.add(str(name))
        return json.dumps(name, ensure_ascii=False) in str(labels)

    connection.create_function("has", 2, has, deterministic=True)
    connection.create_function("list_contains", 2, has, deterministic=True)
    connection.create_function("len", 1, lambda labels: len(json.loads(labels)), deterministic=True)


def _confine(connection: sqlite3.Connection) -> None:
    """Let the condition read this table, compute, and end."""

    def allowed(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
        harmless = action in _ALLOWED and (second or "").lower() not in _FORBIDDEN_FUNCTIONS
        return sqlite3.SQLITE_OK if harmless else sqlite3.SQLITE_DENY

    steps = iter(range(_MOST_STEPS))
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_TEXT)
    connection.set_authorizer(allowed)
    connection.set_progress_handler(lambda: next(steps, None) is None, 100_000)


def _numbers(connection: sqlite3.Connection, condition: str, columns: Sequence[str]) -> list[int]:
    """Numbers of the rows.

    Raises:
        MetadataError: if the condition is not one.
    """
    try:
        query = f"SELECT row FROM patches WHERE ({condition}\n)"  # noqa: S608 - this is what it is for; it is confined
        # A condition that closes our parenthesis, to go on as another query, does not fit into two of them.
        connection.execute(f"EXPLAIN SELECT row FROM patches WHERE (({condition}\n))")  # noqa: S608
        return [number for (number,) in connection.execute(query)]
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        said = str(error)
        missing = re.fullmatch(r"no such column: (?:patches\.)?\"?(.+?)\"?", said)
        if missing is not None:
            raise MetadataError(
                f"--where: there is no column {missing[1]!r}; there are {', '.join(columns)}",
                hint=nearest(missing[1], columns) if difflib.get_close_matches(missing[1], columns) else _HINT,
            ) from None
        raise MetadataError(f"--where: {shortened(condition, _SHOWN)!r}: {said}", hint=_HINT) from None


_SHOWN = 80  # characters
