import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from reben.core.errors import MetadataError
from reben.io.v1_geometries import read_v1_geometries


def test_published_footprints_are_squares_of_1200_m(shared_data: Path):
    zones = read_v1_geometries(shared_data / "v1_geometries")
    assert [zone.crs for zone in zones] == ["EPSG:32633", "EPSG:32636"]
    assert [len(zone.names) for zone in zones] == [46_403, 1_522]
    for zone in zones:
        bounds = shapely.bounds(shapely.from_wkb(zone.footprints.to_numpy(zero_copy_only=False)))
        assert (bounds[:, 2:] - bounds[:, :2] == 1200).all()


def test_missing_and_wrong_files(tmp_path: Path):
    with pytest.raises(MetadataError, match="no GeoParquet files found") as caught:
        read_v1_geometries(tmp_path)
    assert "32633" in caught.value.hint
    pq.write_table(pa.table({"patch_name": ["a"], "geom": [b""]}), tmp_path / "a.parquet")
    with pytest.raises(MetadataError, match="is not a GeoParquet file"):
        read_v1_geometries(tmp_path)


def test_a_pipe_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "bigearthnet_v1_spatial_32633.parquet")
    with pytest.raises(MetadataError, match="not a regular file"):
        read_v1_geometries(tmp_path)
