from pathlib import Path

import geopandas
import pyarrow as pa
import shapely

from reben.io.geoparquet import write_geoparquet


def test_geopandas_reads_what_was_written(tmp_path: Path):
    squares = shapely.box([300_000, 301_200], 5_400_000, [301_200, 302_400], 5_401_200)
    table = pa.table({"patch_id": ["a", "b"], "Pastures": pa.array([0.5, 0.25], pa.float32())})
    write_geoparquet(tmp_path / "patches.parquet", table, squares, "EPSG:32633")
    found = geopandas.read_parquet(tmp_path / "patches.parquet")
    assert found.crs.to_epsg() == 32633
    assert found["patch_id"].tolist() == ["a", "b"]
    assert found["Pastures"].tolist() == [0.5, 0.25]
    assert found.geometry.geom_equals(geopandas.GeoSeries(squares, crs=32633)).all()
    assert found.total_bounds.tolist() == [300_000, 5_400_000, 302_400, 5_401_200]


def test_an_empty_table_is_a_geoparquet_too(tmp_path: Path):
    table = pa.table({"patch_id": pa.array([], pa.string())})
    write_geoparquet(tmp_path / "none.parquet", table, shapely.box([], [], [], []), "EPSG:32633")
    assert len(geopandas.read_parquet(tmp_path / "none.parquet")) == 0
