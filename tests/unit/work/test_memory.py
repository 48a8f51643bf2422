from pathlib import Path

import pytest

from reben.work import memory


def test_free_memory_is_part_of_the_memory():
    assert 1 << 20 < memory.free_memory_bytes() < memory.memory_bytes()


def test_where_the_system_does_not_say_what_the_cache_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(memory, "Path", lambda _: tmp_path / "missing")
    assert 1 << 20 < memory.free_memory_bytes() < memory.memory_bytes()
