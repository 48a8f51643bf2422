import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio

from reben.core.errors import EncodeError, RasterError, RebenError, TargetExistsError
from reben.encode.bigearthnet import REFERENCE_MAPS, S1_PATCHES, S2_PATCHES
from reben.encode.engine import encode, plan
from reben.encode.specification import Source
from reben.io.dataset_paths import DatasetPaths
from reben.io.store import open_store


@pytest.fixture
def dataset(tiny_dataset: DatasetPaths, tmp_path: Path) -> DatasetPaths:
    """A copy that a test may damage."""
    shutil.copytree(tiny_dataset.root, tmp_path / "dataset")
    return DatasetPaths(tmp_path / "dataset")


def some_patch(dataset: DatasetPaths) -> Path:
    return sorted(dataset.s2.glob("*/*"))[3]


def encode_s2(dataset: DatasetPaths, target: Path, workers: int = 1) -> None:
    encode(plan([Source(S2_PATCHES, dataset.s2)]), target, workers=workers)


def expect_failure(dataset: DatasetPaths, target: Path, kind: type[RebenError], *parts: str) -> None:
    """Encoding fails with a message that has all parts, and leaves nothing behind."""
    before = set(target.parent.iterdir())
    with pytest.raises(kind) as caught:
        encode_s2(dataset, target)
    for part in parts:
        assert part in str(caught.value)
    assert caught.value.hint
    assert set(target.parent.iterdir()) == before


def test_bytes_do_not_depend_on_the_number_of_workers(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path: Path):
    for workers in (2, 3):
        target = tmp_path / str(workers)
        sources = [
            Source(REFERENCE_MAPS, tiny_dataset.reference_maps),
            Source(S1_PATCHES, tiny_dataset.s1),
            Source(S2_PATCHES, tiny_dataset.s2),
        ]
        encode(plan(sources), target, workers=workers)
        assert (target / "data.mdb").read_bytes() == (tiny_store / "data.mdb").read_bytes()


def test_an_error_in_a_worker_process_reaches_the_caller_with_its_hint(dataset: DatasetPaths, tmp_path: Path):
    (some_patch(dataset) / f"{some_patch(dataset).name}_B05.tif").unlink()
    with pytest.raises(EncodeError, match="B05") as caught:
        encode_s2(dataset, tmp_path / "store", workers=2)
    assert caught.value.hint
    assert not (tmp_path / "store").exists()


def test_missing_band(dataset: DatasetPaths, tmp_path: Path):
    missing = some_patch(dataset) / f"{some_patch(dataset).name}_B8A.tif"
    missing.unlink()
    expect_failure(dataset, tmp_path / "store", EncodeError, str(missing), "is missing", "_B8A.tif")


def test_truncated_file(dataset: DatasetPaths, tmp_path: Path):
    file = some_patch(dataset) / f"{some_patch(dataset).name}_B02.tif"
    file.write_bytes(file.read_bytes()[:20_000])
    expect_failure(dataset, tmp_path / "store", RasterError, str(file), "truncated")


@pytest.mark.parametrize(
    ("side", "dtype", "found"),
    [(60, "uint16", "60 x 60 pixels of uint16"), (120, "int16", "120 x 120 pixels of int16")],
)
def test_wrong_size_or_data_type(dataset: DatasetPaths, tmp_path: Path, side: int, dtype: str, found: str):
    file = some_patch(dataset) / f"{some_patch(dataset).name}_B04.tif"
    profile = {"driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": dtype}
    with rasterio.open(file) as source:
        profile["transform"] = source.transform
    with rasterio.open(file, "w", **profile) as target:
        target.write(np.ones((side, side), dtype), 1)
    expect_failure(dataset, tmp_path / "store", EncodeError, str(file), found, "expected 120 x 120 pixels of uint16")


def test_a_patch_in_two_folders(dataset: DatasetPaths, tmp_path: Path):
    patch = some_patch(dataset)
    other = dataset.s2 / "another_tile" / patch.name
    shutil.copytree(patch, other)
    expect_failure(dataset, tmp_path / "store", EncodeError, patch.name, str(patch), str(other))


def test_no_patches_found_names_the_folder_that_was_probably_meant(dataset: DatasetPaths, tmp_path: Path):
    with pytest.raises(EncodeError, match="no Sentinel-2 patches found") as caught:
        plan([Source(S2_PATCHES, dataset.root)])
    assert f"did you mean {dataset.s2}?" in caught.value.hint
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncodeError, match="no reference maps found") as caught:
        plan([Source(REFERENCE_MAPS, tmp_path / "empty")])
    assert "_reference_map.tif" in caught.value.hint


def test_missing_folder_and_nothing_to_do(tmp_path: Path):
    with pytest.raises(EncodeError, match="is no directory"):
        plan([Source(S1_PATCHES, tmp_path / "nowhere")])
    with pytest.raises(EncodeError, match="nothing to encode") as caught:
        plan([])
    assert "--s2-dir" in caught.value.hint


def test_an_existing_store_is_left_alone(dataset: DatasetPaths, tmp_path: Path):
    target = tmp_path / "store"
    encode_s2(dataset, target)
    before = (target / "data.mdb").read_bytes()
    with pytest.raises(TargetExistsError, match="exists already"):
        encode_s2(dataset, target)
    assert (target / "data.mdb").read_bytes() == before


def test_progress_and_counts_add_up(dataset: DatasetPaths, tmp_path: Path):
    sources = [Source(S2_PATCHES, dataset.s2), Source(S1_PATCHES, dataset.s1)]
    todo = plan(sources)
    patches = len(list(dataset.s2.glob("*/*")))
    assert todo.counts() == {"Sentinel-1 patches": patches, "Sentinel-2 patches": patches}
    advances: list[int] = []
    encode(todo, tmp_path / "store", progress=advances.append)
    assert sum(advances) == 2 * patches == len(open_store(tmp_path / "store"))


def test_hidden_folders_are_not_part_of_the_data_set(dataset: DatasetPaths):
    (dataset.s2 / ".trash" / "patch").mkdir(parents=True)
    (some_patch(dataset).parent / ".ipynb_checkpoints").mkdir()
    assert not [sample for sample, _ in plan([Source(S2_PATCHES, dataset.s2)]).samples if sample.key.startswith(".")]


def test_a_folder_that_is_no_patch_is_named(dataset: DatasetPaths):
    (dataset.s2 / "a_tile" / "thumbnails").mkdir(parents=True)
    with pytest.raises(EncodeError, match="thumbnails: is no patch") as caught:
        plan([Source(S2_PATCHES, dataset.s2)])
    assert "folder per patch" in caught.value.hint
