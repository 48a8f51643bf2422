import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from reben.core.errors import MetadataError
from reben.io.dataset.folder import DataFolder, find_data
from reben.io.dataset.paths import DatasetPaths


@pytest.fixture
def folder(tiny_store: Path, tiny_dataset: DatasetPaths, tmp_path: Path) -> Path:
    shutil.copytree(tiny_store, tmp_path / "data" / "store")
    shutil.copy(tiny_dataset.metadata, tmp_path / "data")
    return tmp_path / "data"


def test_a_folder_names_store_and_tables(folder: Path, tiny_dataset: DatasetPaths):
    paths = DatasetPaths(folder)
    assert find_data(folder) == DataFolder(paths.store, (paths.metadata,))
    shutil.copy(tiny_dataset.snow_and_cloud_metadata, folder)
    paths.statistics.write_text("{}")
    assert find_data(str(folder)) == DataFolder(
        paths.store, (paths.metadata, paths.snow_and_cloud_metadata), paths.statistics
    )


def test_a_store_with_its_tables_beside_it_or_by_another_name(folder: Path):
    paths = DatasetPaths(folder)
    assert find_data(paths.store) == find_data(folder)
    (folder.parent / "link").symlink_to(paths.store)
    assert find_data(folder.parent / "link").metadata[0].samefile(paths.metadata)
    renamed = paths.store.rename(folder / "reben.store")
    assert find_data(folder).store == renamed
    shutil.copytree(renamed, folder / "other.store")
    with pytest.raises(MetadataError, match=r"has 2 stores: other\.store, reben\.store"):
        find_data(folder)


def test_what_is_missing_is_named(folder: Path, tiny_dataset: DatasetPaths, tmp_path: Path):
    with pytest.raises(MetadataError, match="nowhere does not exist"):
        find_data(tmp_path / "nowhere")
    with pytest.raises(MetadataError, match=r"metadata\.parquet is not a folder"):
        find_data(DatasetPaths(folder).metadata)
    with pytest.raises(MetadataError, match="has no store") as caught:
        find_data(tmp_path)
    assert caught.value.hint == f"did you mean {folder}?"
    with pytest.raises(MetadataError, match="has no store") as caught:
        find_data(tiny_dataset.root)
    assert caught.value.hint.endswith(f"reben encode bigearthnet --data {tiny_dataset.root}")
    DatasetPaths(folder).metadata.unlink()
    with pytest.raises(MetadataError, match=r"has no metadata table, such as metadata\.parquet"):
        find_data(folder)


def test_a_data_folder_shows_its_tables_in_notebooks(folder: Path):
    html = find_data(folder)._repr_html_()
    assert f"{pq.read_metadata(DatasetPaths(folder).metadata).num_rows} patches" in html
    assert "those of reBEN" in html
