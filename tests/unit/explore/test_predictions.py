from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.core.errors import MetadataError
from reben.explore.predictions import multi_hot, read_predictions

NAMES = ("forest", "lake")
IDS = pa.chunked_array([["a", "b", "c"]])
LABELS = np.array([[True, False], [True, True], [False, True]])


def written(path: Path, **columns: object) -> Path:
    given = {"patch_id": ["c", "a"], "labels": [["forest"], ["forest"]], "forest": [0.8, 0.75], "lake": [0.5, 0.25]}
    pq.write_table(pa.table({**given, **columns}), path)
    return path


def test_errors_are_those_of_the_patches_whatever_their_order(tmp_path: Path):
    found = read_predictions(written(tmp_path / "p.parquet"), IDS, LABELS, NAMES)
    np.testing.assert_allclose(found.error, [0.25, np.nan, 0.65], rtol=1e-6)
    assert found.wrong.tolist() == [0, -1, 2]
    np.testing.assert_allclose(found.probabilities[2], [0.8, 0.5])


def test_other_files_and_other_patches_are_named(tmp_path: Path):
    with pytest.raises(MetadataError, match="has no column river"):
        read_predictions(written(tmp_path / "p.parquet"), IDS, LABELS, ("forest", "river"))
    with pytest.raises(MetadataError, match="has none of the 3 patches"):
        read_predictions(written(tmp_path / "p.parquet", patch_id=["x", "y"]), IDS, LABELS, NAMES)
    (tmp_path / "no.parquet").write_text("no table")
    with pytest.raises(MetadataError, match="cannot be read"):
        read_predictions(tmp_path / "no.parquet", IDS, LABELS, NAMES)


def test_labels_as_vectors():
    labels = pa.chunked_array([[["lake"], [], ["other", "forest", "lake"]]], pa.list_(pa.string()))
    assert multi_hot(labels, NAMES).tolist() == [[False, True], [False, False], [True, True]]
