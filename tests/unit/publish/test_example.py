from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from matplotlib.image import imread

from reben.core.errors import MetadataError
from reben.io.dataset.metadata import read_metadata, write_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.publish.example import draw_example


def test_the_picture_shows_test_patches(run: Path, tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    target = tmp_path / "example.png"
    draw_example(target, run, store=tiny_store, metadata=[tiny_dataset.metadata], title="Example")
    assert np.std(imread(target)) > 0.05


def test_tables_without_test_patches(run: Path, tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    table: pa.Table = read_metadata(tiny_dataset.metadata)
    write_metadata(tmp_path / "train.parquet", table.filter(pc.equal(table["split"], "train")))
    with pytest.raises(MetadataError, match="no test patch"):
        draw_example(tmp_path / "x.png", run, store=tiny_store, metadata=[tmp_path / "train.parquet"], title="Example")
    assert not (tmp_path / "x.png").exists()
