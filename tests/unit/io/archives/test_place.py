from pathlib import Path

import pytest

from reben.core.errors import AddressError, ArchiveError
from reben.io.archives.place import archive_at, archive_of


@pytest.mark.parametrize(
    ("name", "compression"),
    [
        ("a.tar", "none"), ("a.tar.zst", "zstd"), ("a.tzst", "zstd"), ("a.tar.gz", "gzip"), ("a.tgz", "gzip"),
        ("a.tar.gzaa", "gzip"), ("A.TAR.ZST", "zstd"), ("a.tar.zstaa", "zstd"),
    ],
)  # fmt: skip
def test_the_name_tells_the_compression(name: str, compression: str, tmp_path: Path):
    archive = archive_at(tmp_path / name)
    assert archive is not None
    assert archive.compression == compression


@pytest.mark.parametrize("name", ["folder", "a.zip", "a.tar.bz2", "tar", "a.zst"])
def test_other_names_are_not_archives(name: str, tmp_path: Path):
    assert archive_at(tmp_path / name) is None


def test_a_folder_is_a_folder_whatever_it_is_called(tmp_path: Path):
    (tmp_path / "a.tar").mkdir()
    assert archive_at(tmp_path / "a.tar") is None


def test_parts_are_found_beside_the_first_one(tmp_path: Path):
    for ending in ("aa", "ab", "ad"):
        (tmp_path / f"a.tar.gz{ending}").touch()
    archive = archive_at(tmp_path / "a.tar.gzaa")
    assert archive is not None
    assert [Path(part).name for part in archive.parts] == ["a.tar.gzaa", "a.tar.gzab"]
    with pytest.raises(ArchiveError, match="not the first part"):
        archive_at(tmp_path / "a.tar.gzab")


@pytest.mark.parametrize(
    "address",
    [
        "https://zenodo.org/records/1/files/a.tar.zst?download=1",
        "https://zenodo.org/api/records/1/files/a.tar.zst/content",
        "http://127.0.0.1:8000/a.tar.zst",
    ],
)
def test_addresses_are_archives(address: str):
    archive = archive_at(address)
    assert archive is not None
    assert (archive.parts, archive.compression, archive.name) == ((address,), "zstd", "a.tar.zst")
    assert "download" not in str(archive)


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("https://host/page.html", ArchiveError),
        ("http://host/a.tar.zst", AddressError),
        ("https://user:word@host/a.tar.zst", AddressError),
        ("https:///a.tar.zst", AddressError),
        ("https://host:99999/a.tar.zst", AddressError),
    ],
)
def test_addresses_that_cannot_be_used(address: str, error: type[Exception]):
    with pytest.raises(error):
        archive_at(address)


def test_an_archive_has_parts():
    with pytest.raises(ArchiveError, match="without parts"):
        archive_of([])
