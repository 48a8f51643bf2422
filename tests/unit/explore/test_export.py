from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from reben.explore.explored import open_explored
from reben.explore.export import INDEX_FILE, piece_name, write_site
from reben.explore.index import index_of
from reben.explore.plane import Vectors
from reben.explore.values import PARTS, PatchValues
from reben.io.dataset.paths import DatasetPaths
from stand_ins.data_folders import make_data_folder


@pytest.mark.parametrize("piece_bytes", [1, 2_000_000, 10**9])
def test_every_value_lies_where_the_index_says(
    tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path, piece_bytes: int
):
    explored = open_explored(str(make_data_folder(tmp_path / "data", tiny_dataset, tiny_store)))
    values, page, site = PatchValues(explored.store, explored.rows), tmp_path / "page", tmp_path / "site"
    page.mkdir()
    (page / "index.html").write_text("page")
    site.mkdir()
    advances: list[int] = []
    vectors = Vectors.of(np.array([1, 3, 5]), np.eye(3, 4, dtype=np.float32))
    assert write_site(site, page, index_of(explored), values, vectors, advance=advances.append, piece_bytes=piece_bytes)
    assert (site / "index.html").read_text() == "page"
    rows = pq.read_table(site / INDEX_FILE).to_pylist()
    assert sum(advances) == len(rows)
    assert len(list(site.glob("values-*.bin"))) == 1 + max(row["piece"] for row in rows)
    for number, row in enumerate(rows):
        whole = (site / piece_name(row["piece"])).read_bytes()
        at = int(row["offset"])
        for part in PARTS:
            assert whole[at : at + row[f"{part}_bytes"]] == (values.value(number, part) or b"")
            at += row[f"{part}_bytes"]
        assert whole[at : at + row["thumbnail_bytes"]] == values.thumbnail(number)
    assert {rows[3]["near0"], rows[3]["near1"]} == {1, 5}
    assert rows[0]["near0"] == -1
