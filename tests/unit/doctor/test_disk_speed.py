from pathlib import Path
from unittest import mock

import pytest

from reben.core.errors import DiskFullError
from reben.doctor import disk_speed
from reben.doctor.disk_speed import measure_disk


def test_a_disk_is_measured_and_nothing_is_left(tmp_path: Path):
    found = measure_disk(tmp_path, blocks=4, pieces=10)
    assert min(found.write_mb_s, found.read_mb_s, found.pieces_s) > 0
    assert found.free_bytes > 0
    assert list(tmp_path.iterdir()) == []


def test_too_little_room_is_said_before_anything_is_written(tmp_path: Path):
    with (
        mock.patch.object(disk_speed, "free_bytes", return_value=5 << 20),
        pytest.raises(DiskFullError, match="only 5 MB"),
    ):
        measure_disk(tmp_path, blocks=4)
