import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from reben.core.errors import ReleaseError
from reben.io.archives.place import archive_at
from reben.io.archives.reading import open_text
from reben.io.archives.source import ArchiveSource
from reben.release.archives import expect_few_parts, write_archive


@pytest.fixture(scope="module")
def text() -> bytes:
    """Bytes that can be compressed, but not to nothing."""
    return np.random.default_rng(0).bytes(300_000) * 3 + np.random.default_rng(1).bytes(200_000)


def pieces(text: bytes, size: int) -> Iterator[bytes]:
    return (text[start : start + size] for start in range(0, len(text), size))


def read(path: Path) -> bytes:
    archive = archive_at(path)
    assert archive is not None
    with ArchiveSource(archive) as source, open_text(source) as found:
        return b"".join(found)


def test_an_archive_and_its_sums(text: bytes, tmp_path: Path):
    record = write_archive(pieces(text, 7_001), tmp_path, "x.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["x.tar.zst"]
    content = (tmp_path / "x.tar.zst").read_bytes()
    (file,) = record.files
    assert (file.nbytes, file.md5) == (len(content), hashlib.md5(content, usedforsecurity=False).hexdigest())
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert (record.tar_nbytes, record.tar_md5) == (len(text), hashlib.md5(text, usedforsecurity=False).hexdigest())
    assert read(tmp_path / "x.tar.zst") == text


def test_neither_threads_nor_pieces_change_the_bytes(text: bytes, tmp_path: Path):
    records = []
    for number, (threads, size) in enumerate(((1, 999), (2, 100_000), (3, 1 << 20))):
        (tmp_path / str(number)).mkdir()
        records.append(write_archive(pieces(text, size), tmp_path / str(number), "x.tar", threads=threads))
    assert records[0] == records[1] == records[2]


def test_parts_are_read_as_one_archive(text: bytes, tmp_path: Path):
    record = write_archive(pieces(text, 50_000), tmp_path, "x.tar", part_bytes=100_000)
    sizes = [file.nbytes for file in record.files]
    assert len(sizes) > 2
    assert all(size == 100_000 for size in sizes[:-1])
    assert [file.name for file in record.files][:3] == ["x.tar.zstaa", "x.tar.zstab", "x.tar.zstac"]
    assert read(tmp_path / "x.tar.zstaa") == text


def test_an_archive_that_fits_into_one_part_has_no_letters(text: bytes, tmp_path: Path):
    record = write_archive(pieces(text, 50_000), tmp_path, "x.tar", part_bytes=10_000_000)
    assert [file.name for file in record.files] == ["x.tar.zst"]


def test_what_fails_leaves_nothing_behind(text: bytes, tmp_path: Path):
    def failing() -> Iterator[bytes]:
        yield text
        raise ReleaseError("in the middle")

    with pytest.raises(ReleaseError, match="in the middle"):
        write_archive(failing(), tmp_path, "x.tar", part_bytes=1_000)
    assert list(tmp_path.iterdir()) == []


def test_more_parts_than_there_are_names():
    expect_few_parts("x.tar", 10**12, None)
    expect_few_parts("x.tar", 676_000_000, 1_000_000)
    with pytest.raises(ReleaseError, match="more than 676") as error:
        expect_few_parts("x.tar", 676_000_001, 1_000_000)
    assert "at least 0.001 GB" in error.value.hint
