import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.core.palettes import legend_of_names
from reben.describe.footprints import footprints_of
from reben.explore.explored import Explored, open_explored
from reben.explore.index import KEY, index_of
from reben.explore.plane import Vectors
from reben.io.dataset.paths import DatasetPaths
from stand_ins.data_folders import make_data_folder


@pytest.fixture
def explored(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path) -> Explored:
    return open_explored(str(make_data_folder(tmp_path / "data", tiny_dataset, tiny_store)))


def written(explored: Explored, folder: Path, vectors: Vectors | None = None) -> tuple[pa.Table, dict[str, object]]:
    index_of(explored, vectors=vectors).write(folder / "index.parquet")
    table = pq.read_table(folder / "index.parquet")
    return table, json.loads(table.schema.metadata[KEY.encode()])


def test_labels_are_bits_and_patches_lie_where_their_footprints_do(explored: Explored, tmp_path: Path):
    table, said = written(explored, tmp_path)
    assert said["count"] == table.num_rows == explored.rows.num_rows
    names = [entry["name"] for entry in said["classes"]]
    for bits, labels in zip(table["labels0"].to_pylist(), explored.rows["labels"].to_pylist(), strict=True):
        assert {name for i, name in enumerate(names) if bits >> i & 1} == set(labels)
    corners = footprints_of(explored.rows["patch_id"]).rings[:, 0]
    columns = {name: table[name].to_numpy().astype(np.float64) for name in ("lon", "lat", "ex", "ey", "nx", "ny")}
    longitudes = columns["lon"] - columns["ex"] + columns["nx"]
    latitudes = columns["lat"] - columns["ey"] + columns["ny"]
    np.testing.assert_allclose(np.column_stack([longitudes, latitudes]), corners, atol=1e-4)
    assert not any(field.nullable for field in table.schema)


def test_many_classes_and_some_embeddings(explored: Explored, tmp_path: Path):
    legend = legend_of_names([f"class {number:02d}" for number in range(70)])
    labels = [["class 69"], *([f"class {number % 69:02d}", "class 69"] for number in range(1, len(explored.rows)))]
    column = explored.rows.schema.get_field_index("labels")
    rows = explored.rows.set_column(column, "labels", pa.array(labels))
    vectors = Vectors.of(np.array([2, 0]), np.eye(2, 5, dtype=np.float32))
    table, said = written(replace(explored, rows=rows, legend=legend, footprints=None), tmp_path, vectors)
    assert [table[f"labels{part}"][5].as_py() for part in range(3)] == [1 << 5, 0, 1 << 69 - 62]
    assert said["placed"] is False
    assert "lon" not in table.column_names
    assert np.isfinite(table["plane_x"].to_numpy()).nonzero()[0].tolist() == [0, 2]
