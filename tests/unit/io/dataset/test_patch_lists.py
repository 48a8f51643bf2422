from pathlib import Path

import pyarrow as pa
import pytest

from reben.core.errors import MetadataError
from reben.io.dataset.patch_lists import listed_rows, read_patch_list

ROWS = pa.table({"patch_id": pa.chunked_array([["a", "b"], ["c"]]), "split": ["train", "test", "test"]})


def test_rows_in_the_order_of_the_tables(tmp_path: Path):
    path = tmp_path / "patches.txt"
    path.write_text("# chosen by hand\nc\n\n  a \nc\n")
    assert read_patch_list(path) == ["c", "a"]
    assert listed_rows(ROWS, path)["patch_id"].to_pylist() == ["a", "c"]


def test_what_is_wrong_is_said(tmp_path: Path):
    path = tmp_path / "patches.txt"
    path.write_text("a\nx\ny\n")
    with pytest.raises(MetadataError, match="2 of 3 patches are in no metadata table, such as 'x'"):
        listed_rows(ROWS, path)
    path.write_text("# nothing\n")
    with pytest.raises(MetadataError, match="names no patch"):
        read_patch_list(path)
    with pytest.raises(MetadataError, match=r"does not exist|cannot be read"):
        read_patch_list(tmp_path / "no.txt")
