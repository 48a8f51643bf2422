from pathlib import Path

import pytest

from reben.work.cache import cache_folder


def test_the_folder_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REBEN_CACHE", "/fast/cache")
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/a/caches")
    assert cache_folder("release") == Path("/fast/cache/release")
    monkeypatch.delenv("REBEN_CACHE")
    assert cache_folder("a", "b") == Path("/home/a/caches/reben/a/b")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder() == Path.home() / ".cache" / "reben"
