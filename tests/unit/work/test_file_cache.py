"""A cache gives what was put into it, or nothing; it stays within its limit, and touches nothing else."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reben.core.errors import RebenError
from reben.work.cache import cache_folder
from reben.work.file_cache import FileCache, cache_limit_bytes


def test_what_was_kept(tmp_path: Path):
    FileCache(tmp_path, limit_bytes=1000).put("a/b", b"content")
    assert FileCache(tmp_path, limit_bytes=1000).get("a/b") == b"content"
    assert FileCache(tmp_path, limit_bytes=1000).get("a/c") is None
    assert [FileCache(tmp_path, limit_bytes=1000).has(name) for name in ("a/b", "a/c", "a")] == [True, False, False]


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:5], lambda b: b[:-1] + b"?", lambda b: b"?" + b[1:]])
def test_damaged_files_are_not_believed(tmp_path: Path, damage):
    cache = FileCache(tmp_path, limit_bytes=1000)
    cache.put("a", b"content")
    (path,) = tmp_path.glob("a*")
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get("a") is None
    assert not path.exists()
    cache.put("a", b"content")
    assert cache.get("a") == b"content"


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path):
    (tmp_path / "of-somebody-else").write_bytes(bytes(5000))
    cache = FileCache(tmp_path, limit_bytes=10_000)
    for number in range(9):
        cache.put(f"{number}", bytes(1000))
        os.utime(next(tmp_path.glob(f"{number}.*")), (1000 + number, 1000 + number))
    assert cache.get("0") is not None  # used a moment ago
    for number in range(9, 14):
        cache.put(f"{number}", bytes(1000))
    kept = {number for number in range(14) if cache.get(f"{number}") is not None}
    assert {0, 9, 10, 11, 12, 13} <= kept
    assert not {1, 2} & kept
    assert sum(path.stat().st_size for path in tmp_path.glob("[0-9]*")) <= 11_000
    assert (tmp_path / "of-somebody-else").exists()


def test_what_is_too_large_is_not_kept(tmp_path: Path):
    cache = FileCache(tmp_path, limit_bytes=0)
    cache.put("a", b"")
    assert cache.get("a") is None


def test_a_folder_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").touch()
    cache = FileCache(tmp_path / "file", limit_bytes=1000)
    with pytest.warns(UserWarning, match="nothing can be kept in the cache"):
        cache.put("a", b"content")
    cache.put("b", b"content")  # said once
    assert cache.get("a") is None


def test_several_writers_of_one_name(tmp_path: Path):
    caches = [FileCache(tmp_path, limit_bytes=1 << 20) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(caches[n % 4].put, "a", bytes([n % 4]) * 1000) for n in range(200)]:
            future.result()
    assert caches[0].get("a") in [bytes([n]) * 1000 for n in range(4)]
    assert len(list(tmp_path.iterdir())) == 1


def test_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("REBEN_CACHE", "XDG_CACHE_HOME", "REBEN_CACHE_GB"):
        monkeypatch.delenv(name, raising=False)
    assert cache_folder() == tmp_path / ".cache" / "reben"
    assert cache_limit_bytes() == 10_000_000_000
    monkeypatch.setenv("REBEN_CACHE", str(tmp_path / "own"))
    monkeypatch.setenv("REBEN_CACHE_GB", "0.5")
    assert cache_folder() == tmp_path / "own"
    assert cache_limit_bytes() == 500_000_000
    for wrong in ("-1", "much", "nan", "inf"):
        monkeypatch.setenv("REBEN_CACHE_GB", wrong)
        with pytest.raises(RebenError, match="REBEN_CACHE_GB"):
            cache_limit_bytes()
