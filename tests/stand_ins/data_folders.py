"""Data folders as users have them: tables beside a store."""

import shutil
from pathlib import Path

from reben.io.dataset.paths import DatasetPaths


def make_data_folder(folder: Path, dataset: DatasetPaths, store: Path) -> Path:
    """A folder with copies of a data set's tables, which a test may change, and a link to its store."""
    folder.mkdir(exist_ok=True)
    (folder / "store").symlink_to(store)
    for table in dataset.tables:
        shutil.copy(table, folder)
    return folder
