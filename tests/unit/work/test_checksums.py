import subprocess
from pathlib import Path

import pytest

from reben.work.checksums import sha3_256, sha256, sha256_of_all


def test_checksums_are_those_of_sha256sum(tmp_path: Path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "large").write_bytes(bytes(range(256)) * 20_000)
    paths = [tmp_path / "large", tmp_path / "empty"]
    printed = subprocess.run(["sha256sum", *paths], capture_output=True, text=True, check=True).stdout
    expected = {path: checksum for checksum, path in (line.split("  ") for line in printed.splitlines())}
    assert sha256_of_all(paths) == expected
    assert list(sha256_of_all(iter(paths))) == sorted(expected)
    assert sha256(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert sha256_of_all([]) == {}


def test_the_digest_of_manifests(tmp_path: Path):
    (tmp_path / "empty").write_bytes(b"")
    assert sha3_256(tmp_path / "empty") == "a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a"


def test_what_is_no_file_is_an_error(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        sha256_of_all([tmp_path / "missing"])
