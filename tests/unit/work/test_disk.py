import shutil
from pathlib import Path

from reben.work.disk import free_bytes


def test_a_folder_that_is_yet_to_be_made(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "a" / "b"):
        assert abs(free_bytes(folder) - shutil.disk_usage(tmp_path).free) < 1 << 30
    assert not (tmp_path / "a").exists()
