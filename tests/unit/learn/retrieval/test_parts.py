from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.core.errors import EmbeddingError
from reben.learn.retrieval import parts as module
from reben.learn.retrieval.embeddings import Embeddings, read_embeddings
from reben.learn.retrieval.parts import Plan, write_in_parts


@pytest.fixture
def plan(make_embeddings: Callable[..., Embeddings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    monkeypatch.setattr(module, "ROW_GROUP_ROWS", 10)
    table = make_embeddings(np.zeros((23, 4), np.float32), ["ab"] * 23)
    return Plan(tmp_path / "e.parquet", table.rows, table.model, {"reben": "1"})


def rows_as_vectors(rows: Sequence[int]) -> Iterator[np.ndarray]:
    for number in rows:
        yield np.full((1, 4), number, np.float32)


def test_a_stopped_run_goes_on(plan: Plan):
    made: list[int] = []

    def stopping(rows: Sequence[int]) -> Iterator[np.ndarray]:
        for vector in rows_as_vectors(rows):
            if len(made) == 15:
                raise KeyboardInterrupt
            made.append(int(vector[0, 0]))
            yield vector

    with pytest.raises(KeyboardInterrupt):
        write_in_parts(plan, stopping)
    assert not plan.output.exists()
    told: list[int] = []
    again: list[int] = []
    assert write_in_parts(plan, lambda rows: (again.extend(rows), rows_as_vectors(rows))[1], progress=told.append)
    assert again == list(range(10, 23))  # the first part was there
    assert sum(told) == 23
    table = read_embeddings(plan.output)
    np.testing.assert_array_equal(table.vectors[:, 0], np.arange(23))
    assert (table.model, table.provenance) == (plan.model, plan.provenance)
    assert not plan.folder.exists()
    assert pq.ParquetFile(plan.output).num_row_groups == 3


def test_shares_write_the_table_together(plan: Plan):
    plan.output.write_bytes(b"of an earlier run")
    assert not write_in_parts(plan, rows_as_vectors, share=(1, 2))
    assert plan.output.read_bytes() == b"of an earlier run"
    assert write_in_parts(plan, rows_as_vectors, share=(0, 2))
    np.testing.assert_array_equal(read_embeddings(plan.output).vectors[:, 3], np.arange(23))


@pytest.mark.parametrize("change", [{"fingerprint": "1" * 64}, {"precision": "bfloat16"}])
def test_parts_of_another_table_are_not_mixed_in(plan: Plan, change: dict[str, str]):
    write_in_parts(plan, rows_as_vectors, share=(0, 2))
    other = replace(plan, model=replace(plan.model, **change))
    with pytest.raises(EmbeddingError, match="holds parts of another table"):
        write_in_parts(other, rows_as_vectors)
    reordered = replace(plan, rows=plan.rows.take(pa.array(range(22, -1, -1))))
    with pytest.raises(EmbeddingError, match="holds parts of another table"):
        write_in_parts(reordered, rows_as_vectors)


def test_half_precision_is_kept_and_what_it_cannot_hold_is_refused(plan: Plan):
    half = replace(plan, model=replace(plan.model, dtype="float16"))
    write_in_parts(half, rows_as_vectors)
    assert pq.read_schema(plan.output).field("embedding").type == pa.list_(pa.float16(), 4)
    np.testing.assert_array_equal(read_embeddings(plan.output).vectors[:, 0], np.arange(23))
    with pytest.raises(EmbeddingError, match="beyond float16"):
        write_in_parts(half, lambda rows: [np.full((len(rows), 4), 1e6, np.float32)])


@pytest.mark.parametrize("batch", [1, 3, 10, 14, 23])
def test_batches_of_any_size_become_parts(plan: Plan, batch: int):
    def in_batches(rows: Sequence[int]) -> Iterator[np.ndarray]:
        for first in range(0, len(rows), batch):
            yield np.array(rows[first : first + batch], np.float32)[:, None].repeat(4, 1)

    assert write_in_parts(plan, in_batches)
    np.testing.assert_array_equal(read_embeddings(plan.output).vectors[:, 3], np.arange(23))


@pytest.mark.parametrize("count", [0, 9, 22, 24])
def test_more_or_fewer_vectors_are_noticed(plan: Plan, count: int):
    with pytest.raises(EmbeddingError, match=f"{count} embeddings for 23 patches"):
        write_in_parts(plan, lambda _: rows_as_vectors(range(count)))
    assert not plan.output.exists()
