from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.core.errors import EmbeddingError
from reben.learn.retrieval import embeddings as module
from reben.learn.retrieval.embeddings import Embeddings, read_embeddings, write_embeddings


@pytest.fixture
def table(make_embeddings: Callable[..., Embeddings]) -> Embeddings:
    vectors = np.random.default_rng(0).normal(size=(23, 5))
    return make_embeddings(vectors, ["a", "bc"] * 11 + ["g"], splits=["train", "test"] * 11 + ["test"])


def parts(table: Embeddings, size: int) -> list[np.ndarray]:
    return [table.vectors[i : i + size] for i in range(0, len(table), size)]


@pytest.mark.parametrize("size", [1, 7, 23, 100])
def test_what_is_written_is_read(table: Embeddings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int):
    monkeypatch.setattr(module, "ROW_GROUP_ROWS", 10)
    write_embeddings(tmp_path / "e.parquet", table.rows, iter(parts(table, size)), table.model)
    read = read_embeddings(tmp_path / "e.parquet")
    np.testing.assert_array_equal(read.vectors, table.vectors)
    assert read.rows.equals(table.rows.cast(read.rows.schema))
    assert read.model == table.model
    file = pq.ParquetFile(tmp_path / "e.parquet")
    assert file.schema_arrow.field("embedding").type == pa.list_(pa.float32(), 5)
    assert max(file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)) <= max(10 + size, 10)


def test_rows_and_splits(table: Embeddings):
    assert table.row_of("patch_4") == 4
    assert table.row_of("nowhere") is None
    test = table.of_split("test")
    assert test.ids == [f"patch_{n}" for n in range(1, 22, 2)] + ["patch_22"]
    np.testing.assert_array_equal(test.vectors, table.vectors[[*range(1, 22, 2), 22]])
    with pytest.raises(EmbeddingError, match="no patch of the validation split"):
        table.of_split("validation")
    labels = table.multi_hot()
    assert labels.shape == (23, 7)
    assert labels[0].tolist() == [True] + [False] * 6
    assert labels[1].tolist() == [False, True, True] + [False] * 4
    assert labels[22].tolist() == [False] * 6 + [True]


@pytest.mark.parametrize("count", [22, 24])
def test_vectors_that_do_not_fit_the_rows_leave_no_file(table: Embeddings, tmp_path: Path, count: int):
    vectors = np.zeros((count, 5), np.float32)
    with pytest.raises(EmbeddingError, match=f"{count} embeddings for 23 patches"):
        write_embeddings(tmp_path / "e.parquet", table.rows, [vectors], table.model)
    assert not list(tmp_path.iterdir())


def test_an_interruption_leaves_what_was_there(table: Embeddings, tmp_path: Path):
    def interrupted():
        yield table.vectors[:5]
        raise KeyboardInterrupt

    (tmp_path / "e.parquet").write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_embeddings(tmp_path / "e.parquet", table.rows, interrupted(), table.model)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("e.parquet", b"old")]


def test_files_that_are_no_tables_of_embeddings(table: Embeddings, tmp_path: Path):
    path = tmp_path / "e.parquet"
    with pytest.raises(EmbeddingError, match="does not exist"):
        read_embeddings(path)
    write_embeddings(path, table.rows, [table.vectors], table.model)
    whole = path.read_bytes()
    for content in (b"", b"no parquet", whole[: len(whole) // 2], whole[:-9] + b"\0" * 9):
        path.write_bytes(content)
        with pytest.raises(EmbeddingError, match="is not a table of embeddings") as caught:
            read_embeddings(path)
        assert "reben embed" in caught.value.hint
    pq.write_table(table.rows, path)  # without embeddings and model
    with pytest.raises(EmbeddingError, match="is not a table of embeddings"):
        read_embeddings(path)


def test_a_table_whose_content_contradicts_itself(table: Embeddings, tmp_path: Path):
    path = tmp_path / "e.parquet"
    vectors = table.vectors.copy()
    vectors[3, 2] = np.nan
    write_embeddings(path, table.rows, [vectors], table.model)
    with pytest.raises(EmbeddingError, match="numbers that are none"):
        read_embeddings(path)
    write_embeddings(path, table.rows, [table.vectors], replace(table.model, class_names=("a", "b")))
    with pytest.raises(EmbeddingError, match="labels that the model does not know"):
        read_embeddings(path)
    write_embeddings(path, table.rows.slice(0, 0), [], table.model)
    with pytest.raises(EmbeddingError, match="is empty"):
        read_embeddings(path)
    write_embeddings(path, table.rows, [table.vectors], table.model)
    stored = pq.read_table(path)
    wide = pa.array(list(np.zeros((23, 6), np.float32)), pa.list_(pa.float32(), 6))
    pq.write_table(stored.set_column(4, "embedding", wide).replace_schema_metadata(stored.schema.metadata), path)
    with pytest.raises(EmbeddingError, match="has type"):
        read_embeddings(path)
