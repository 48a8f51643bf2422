import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reben.core.errors import LegendError, RebenError
from reben.io.small_files import (
    is_regular,
    parse_json,
    read_bytes,
    read_csv,
    read_json,
    read_text,
    read_toml,
    read_yaml,
)

READERS: dict[str, Callable[..., Any]] = {
    "bytes": partial(read_bytes, kind="bytes"),
    "text": partial(read_text, kind="text"),
    "json": read_json,
    "toml": read_toml,
    "yaml": read_yaml,
    "csv": lambda path, error: list(read_csv(path, error=error)),
}


@pytest.mark.parametrize("kind", READERS)
def test_what_is_no_file_of_limited_size_is_refused_at_once(kind: str, tmp_path: Path):
    read = READERS[kind]
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "one").symlink_to("other")
    (tmp_path / "other").symlink_to("one")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(6 << 30)  # without taking room
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket"))
    reasons = {
        "pipe": "pipe", "one": "symbolic links", "huge": "more than 1,048,576 bytes", "missing": "No such file",
        "socket": "No such device", ".": "directory", "/dev/zero": "device", "/dev/null": "device",
    }  # fmt: skip
    for name, reason in reasons.items():
        with pytest.raises(LegendError, match=reason):
            read(tmp_path / name, error=LegendError)
    listening.close()


@pytest.mark.parametrize("kind", READERS)
def test_a_link_to_a_file_is_followed(kind: str, tmp_path: Path):
    (tmp_path / "file").write_text({"toml": "a = 1"}.get(kind, "1"))
    (tmp_path / "link").symlink_to("file")
    assert READERS[kind](tmp_path / "link", error=RebenError)


DEEP = {"json": "[" * 100_000, "toml": "a = " + "[" * 100_000, "yaml": "[" * 100_000}
HOSTILE = [
    *DEEP.items(),
    ("json", "[" * 65 + "]" * 65),
    ("json", '{"a":' * 5_000 + "1" + "}" * 5_000),
    ("json", "9" * 5_000),
    ("json", f"[{'9' * 41}]"),
    ("json", "NaN"),
    ("json", "[1e999]"),
    ("json", "\ud800".encode("utf-8", "surrogatepass")),
    ("json", ""),
    ("toml", f"a = {'9' * 5_000}"),
    ("toml", f"a = 0x{'f' * 5_000}"),
    ("toml", f"{'a.' * 200_000}a = 1"),
    ("toml", "a = nan"),
    ("toml", "a = 1\na = 2"),
    ("toml", "a = 2024-02-31"),
    ("toml", b"\xff\xfe"),
    ("yaml", "a: &x [1]\nb: *x"),
    ("yaml", "a: &x {b: 1}\nc: {<<: *x}"),
    ("yaml", "a: {<<: {b: 1}}"),
    ("yaml", "a: &x [*x]"),
    ("yaml", "\n".join(["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60))])),
    ("yaml", "9" * 5_000),
    ("yaml", ":".join(["59"] * 200_000)),
    ("yaml", "a: .inf"),
    ("yaml", "a: 1\na: 2"),
    ("yaml", "!!bool foo"),
    ("yaml", "!!timestamp foo"),
    ("yaml", "!!int [1]"),
    ("yaml", "!!float x"),
    ("yaml", "!!python/object/apply:os.system [ls]"),
    ("yaml", "2024-02-31"),
    ("yaml", "{[1]: 2}"),
    ("yaml", "a: 1\n---\nb: 2"),
    ("yaml", "\x00"),
    ("csv", f'a\n"{"x" * 200_000}"'),
    ("csv", 'a\n"never closed'),
    ("csv", b"caf\xe9"),
    ("csv", b"\xff\xfe\x00"),
]


@pytest.mark.parametrize(("kind", "content"), HOSTILE, ids=range(len(HOSTILE)))
def test_bombs_end_in_a_short_error_with_the_name_of_the_file(kind: str, content: str | bytes, tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    with pytest.raises(LegendError) as caught:
        READERS[kind](path, error=LegendError)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 600


def test_ordinary_files_are_read(tmp_path: Path):
    path = tmp_path / "file"
    path.write_text("\ufeffa: {b: [1, 2.5, 2024-01-02, yes, text, 1e-3]}\nc:\n")
    assert list(read_yaml(path, error=RebenError)) == ["a", "c"]
    path.write_text('{"a": [1, -2.5e3, null, "\\u00e4"]}')
    assert read_json(path, error=RebenError) == {"a": [1, -2500.0, None, "ä"]}
    path.write_text("a.b = [1, 2.5]\n[c]\nd = 'x'\n")
    assert read_toml(path, error=RebenError) == {"a": {"b": [1, 2.5]}, "c": {"d": "x"}}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_csv_files_of_all_spreadsheets(delimiter: str, encoding: str, line_end: str, tmp_path: Path):
    path = tmp_path / "list.csv"
    lines = [f"name{delimiter}size", "", delimiter, f'"a{delimiter}ä"{delimiter}1']
    path.write_bytes((line_end.join(lines) + line_end).encode(encoding))
    rows = list(read_csv(path, error=RebenError))
    assert [row.cells for row in rows] == [["name", "size"], [f"a{delimiter}ä", "1"]]
    assert [row.place for row in rows] == [f"{path}, line 1", f"{path}, line 4"]


def test_excels_note_on_its_own_separator_is_obeyed(tmp_path: Path):
    (tmp_path / "list.csv").write_text("sep=;\r\na,b;c\r\n", newline="")
    (row,) = read_csv(tmp_path / "list.csv", error=RebenError)
    assert row.cells == ["a,b", "c"]
    assert row.place.endswith("line 2")


def test_values_of_an_answer_have_the_same_limits():
    assert parse_json(b"[1]") == [1]
    with pytest.raises(ValueError, match="levels"):
        parse_json("[" * 100_000)


def test_regular_files(tmp_path: Path):
    (tmp_path / "file").touch()
    assert is_regular(tmp_path / "file")
    assert not any(map(is_regular, [tmp_path, tmp_path / "missing", Path("/dev/null"), Path("a\0b")]))
