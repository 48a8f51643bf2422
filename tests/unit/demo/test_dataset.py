import filecmp
from collections import Counter
from pathlib import Path

import pytest

from reben.core.classes import CLC2018
from reben.core.errors import TargetExistsError
from reben.core.names import PatchName, S1PatchName, V1PatchName
from reben.demo.dataset import places_on_tile, write_dataset
from reben.io.dataset.metadata import read_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.tiff.geotiff import read_band
from reben.rules.labels import is_labelled_enough, present_labels


def rows(paths: DatasetPaths) -> list[dict]:
    return read_metadata([paths.metadata, paths.snow_and_cloud_metadata]).to_pylist()


def test_layout_and_tables_agree(tiny_dataset: DatasetPaths):
    listed = rows(tiny_dataset)
    assert {row["patch_id"] for row in listed} == {path.name for path in tiny_dataset.s2.glob("*/*")}
    assert {row["s1_name"] for row in listed} == {path.name for path in tiny_dataset.s1.glob("*/*")}
    for row in listed:
        patch, s1, v1 = (
            PatchName.parse(row["patch_id"]),
            S1PatchName.parse(row["s1_name"]),
            V1PatchName.parse(row["s2v1_name"]),
        )
        assert (patch.column, patch.row) == (s1.column, s1.row) == (v1.column, v1.row)
        folder = tiny_dataset.reference_maps / str(patch.tile) / row["patch_id"]
        class_map = CLC2018.class_map(read_band(folder / f"{row['patch_id']}_reference_map.tif"))
        assert is_labelled_enough(class_map)
        assert present_labels(class_map, CLC2018) == row["labels"]


def test_the_two_tables_part_clear_and_cloudy_patches(tiny_dataset: DatasetPaths):
    assert not any(row["contains_cloud_or_shadow"] for row in read_metadata(tiny_dataset.metadata).to_pylist())
    cloudy = read_metadata(tiny_dataset.snow_and_cloud_metadata).to_pylist()
    assert cloudy
    assert all(row["contains_cloud_or_shadow"] for row in cloudy)


def test_all_splits_occur(tiny_dataset: DatasetPaths):
    assert set(Counter(row["split"] for row in rows(tiny_dataset))) == {"train", "validation", "test"}


def test_it_says_that_it_is_synthetic(tiny_dataset: DatasetPaths):
    assert "Synthetic" in (tiny_dataset.root / "README.txt").read_text()


def test_bytes_do_not_depend_on_the_number_of_workers(tmp_path: Path):
    done: list[int] = []
    alone = write_dataset(tmp_path / "alone", step=45, progress=done.append)
    beside = write_dataset(tmp_path / "beside", step=45, workers=2)
    assert sum(done) == places_on_tile(45) == 9
    files = sorted(path.relative_to(alone.root) for path in alone.root.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(beside.root) for path in beside.root.rglob("*") if path.is_file())
    assert all(filecmp.cmp(alone.root / file, beside.root / file, shallow=False) for file in files)


def test_an_existing_folder_is_left_alone(tiny_dataset: DatasetPaths):
    with pytest.raises(TargetExistsError):
        write_dataset(tiny_dataset.root)
