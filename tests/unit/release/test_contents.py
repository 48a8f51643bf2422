from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.core.errors import ReleaseError
from reben.release.contents import read_contents, writing_contents
from reben.release.text import FileRecord

FILES = [FileRecord(f"folder/{number:06d}.tif", number, number * 7 % 2**32) for number in range(130_000)]


def test_what_is_written_is_read(tmp_path: Path):
    with writing_contents(tmp_path / "c.parquet") as add:
        for start in range(0, len(FILES), 12):
            add(FILES[start : start + 12])
    assert list(read_contents(tmp_path / "c.parquet")) == FILES
    assert (tmp_path / "c.parquet").stat().st_size < 10 * len(FILES)  # paths share their beginnings


def test_nothing_is_there_when_writing_fails(tmp_path: Path):
    with pytest.raises(AttributeError), writing_contents(tmp_path / "c.parquet") as add:
        add([*FILES[:3], "no record"])  # type: ignore[list-item]
    assert list(tmp_path.iterdir()) == []


def test_tables_that_are_not_of_contents(tmp_path: Path):
    (tmp_path / "text").write_text("no table")
    pq.write_table(pa.table({"patch_id": ["a"]}), tmp_path / "other")
    for name, said in (("text", "cannot be read"), ("other", "has the columns patch_id"), ("none", "cannot be read")):
        with pytest.raises(ReleaseError, match=said):
            list(read_contents(tmp_path / name))
