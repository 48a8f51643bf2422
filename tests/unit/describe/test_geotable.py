import json
import shutil
from pathlib import Path

import duckdb
import geopandas
import geoparquet_validator
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.core.errors import MetadataError
from reben.describe.geotable import ROWS_PER_GROUP, write_geotable
from reben.describe.patch_tables import find_tables, read_patch_table
from reben.io.dataset.metadata import SCHEMA
from reben.io.dataset.paths import DatasetPaths


def assert_valid(path: Path):
    report = geoparquet_validator.check(str(path))
    assert geoparquet_validator.failed(report) == []
    assert {outcome["status"] for outcome in report["outcomes"] if "covering" in outcome["id"]} == {"pass"}


def test_all_readers_agree(real_patches: DatasetPaths, tmp_path: Path):
    target = tmp_path / "patches.parquet"
    write_geotable(target, read_patch_table(find_tables([real_patches.root])))
    assert_valid(target)
    frame = geopandas.read_parquet(target)
    assert len(frame) == 12
    assert frame.crs == "OGC:CRS84"
    assert frame.to_crs(32633).area.round(-3).unique().tolist() == [1_440_000]
    first = frame.geometry.iloc[0]
    west, south, east, north = first.bounds
    assert len(geopandas.read_parquet(target, bbox=(west, south, west + 1e-6, south + 1e-6))) >= 1
    box = f"bbox.xmin <= {east} and bbox.xmax >= {west} and bbox.ymin <= {north} and bbox.ymax >= {south}"
    query = f"select patch_id from read_parquet('{target}') where {box}"  # noqa: S608 - numbers of our own
    found = {row[0] for row in duckdb.sql(query).fetchall()}
    assert frame.patch_id.iloc[0] in found
    geo = json.loads(pq.read_schema(target).metadata[b"geo"])
    assert geo["columns"]["geometry"]["bbox"] == pytest.approx(frame.total_bounds.tolist())


def test_row_groups_of_one_area_are_skipped_elsewhere(tmp_path: Path):
    ids = [f"S2A_MSIL2A_20170613T101031_N9999_R022_T{t}_{c:02d}_{r:02d}" for t in ("29UPU", "33UUP") for c in range(91)
           for r in range(91)]  # fmt: skip
    table = pa.table({"patch_id": ids, "labels": [["Pastures"]] * len(ids), "split": ["train"] * len(ids)})
    pq.write_table(table, tmp_path / "metadata.parquet")
    target = tmp_path / "patches.parquet"
    write_geotable(target, read_patch_table([tmp_path / "metadata.parquet"]))
    assert_valid(target)
    read = pq.read_metadata(target)
    assert [read.row_group(number).num_rows for number in range(read.num_row_groups)] == [8192, 8192, 178]
    assert read.num_rows == len(ids) > 2 * ROWS_PER_GROUP
    west = pq.ParquetFile(target).metadata.row_group(0)
    columns = {west.column(number).path_in_schema: west.column(number) for number in range(west.num_columns)}
    assert columns["bbox.xmax"].statistics.max < 0  # 29UPU alone: who asks for Austria skips it


def test_an_empty_table_is_written_too(tmp_path: Path):
    pq.write_table(SCHEMA.empty_table(), tmp_path / "metadata.parquet")
    write_geotable(tmp_path / "patches.parquet", read_patch_table([tmp_path / "metadata.parquet"]))
    assert len(geopandas.read_parquet(tmp_path / "patches.parquet")) == 0


def test_patches_without_a_place_have_no_footprint(tmp_path: Path):
    table = pa.table({"patch_id": ["Forest_1"], "labels": [["Forest"]], "split": ["train"]})
    pq.write_table(table, tmp_path / "metadata.parquet")
    patches = read_patch_table([tmp_path / "metadata.parquet"])
    assert patches.footprints is None
    with pytest.raises(MetadataError, match="'Forest_1'"):
        write_geotable(tmp_path / "patches.parquet", patches)


def test_tables_of_two_patch_sizes_are_not_joined(real_patches: DatasetPaths, tmp_path: Path):
    for size_m in (600, 1200):
        folder = tmp_path / str(size_m)
        folder.mkdir()
        shutil.copy(real_patches.metadata, folder / f"{size_m}.parquet")
        parameters = {"patch_size_m": size_m, "min_labelled": 0.75, "p": 0.25, "q": 0.25}
        (folder / "build-report.json").write_text(json.dumps({"parameters": parameters, "tiles": {}}))
    with pytest.raises(MetadataError, match="600 and 1200 m"):
        read_patch_table([tmp_path / "600" / "600.parquet", tmp_path / "1200" / "1200.parquet"])


def test_a_folder_without_tables_is_named(tmp_path: Path):
    with pytest.raises(MetadataError, match="has no metadata table"):
        find_tables([tmp_path])
