"""Tar archives in the published form, held against GNU tar itself."""

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from reben.core.errors import ArchiveError
from reben.io.archives.tar_form import (
    PUBLISHED_TIME,
    RECORD,
    TarForm,
    archive_bytes,
    ending,
    form_of,
    headers,
    member,
    member_bytes,
)
from reben.io.archives.tar_stream import Text, members

NAMES = [
    "a",
    "f/b" * 20,
    "x" * 99,
    "x" * 100,
    "x" * 101,
    "y/" * 60 + "z",
    "n" * 250,
    "ä" * 60,
    "q" * 240 + "/" + "r" * 200,
]


def archive(form: TarForm, files: dict[str, bytes]) -> bytes:
    text = b"".join(member(form, path, files[path]) for path in sorted(files, key=os.fsencode))
    return text + ending(len(text))


def gnu_tar(folder: Path, *options: str) -> bytes:
    """What GNU tar makes of all files in a folder, in the order of their paths."""
    if (
        shutil.which("tar") is None
        or b"GNU tar" not in subprocess.run(["tar", "--version"], check=False, capture_output=True).stdout
    ):
        pytest.skip("GNU tar is not installed")
    names = sorted(os.fsencode(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    made = subprocess.run(
        ["tar", "--create", "--format=gnu", "--no-recursion", "--null", "--files-from=-", "--owner=0", "--group=0",
         f"--mtime=@{PUBLISHED_TIME}", *options],
        input=b"\0".join(names), capture_output=True, cwd=folder, check=True, env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip
    return made.stdout


@pytest.fixture
def files(tmp_path: Path) -> dict[str, bytes]:
    contents = {name: os.urandom(size) for name, size in zip(NAMES, (0, 1, 511, 512, 513, 1024, 7, 3, 9), strict=True)}
    for name, content in contents.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return contents


@pytest.mark.parametrize(
    ("form", "options"),
    [
        (TarForm(), ["--numeric-owner", "--mode=0644"]),
        (TarForm(0o600), ["--numeric-owner", "--mode=0600"]),
        (TarForm(0o755, "root"), ["--owner=root:0", "--group=root:0", "--mode=0755"]),
    ],
    ids=["published", "private", "named"],
)
def test_the_bytes_are_those_of_gnu_tar(form: TarForm, options: list[str], files: dict[str, bytes], tmp_path: Path):
    made = archive(form, files)
    assert made == gnu_tar(tmp_path, *options)
    assert form_of(made[:2048]) == form


def test_size_can_be_told_without_making_the_archive(files: dict[str, bytes]):
    nbytes = sum(member_bytes(path, len(content)) for path, content in files.items())
    assert archive_bytes(nbytes) == len(archive(TarForm(), files))
    assert archive_bytes(nbytes) % RECORD == 0


def test_our_own_reader_and_pythons_read_it(files: dict[str, bytes]):
    made = archive(TarForm(), files)
    read = members(Text(iter([made])), wanted=lambda _: True, most_bytes=1 << 20)
    assert {found.path: found.data for found in read} == files
    with tarfile.open(fileobj=io.BytesIO(made)) as python:
        assert {info.name: info.size for info in python} == {name: len(content) for name, content in files.items()}
        assert {(info.uid, info.gid, info.uname, info.mtime, info.mode) for info in python} == {
            (0, 0, "", PUBLISHED_TIME, 0o644)
        }


def test_files_beyond_eight_gibibytes_have_their_size_in_base_256():
    header = headers(TarForm(), "store/data.mdb", 155_372_892_160)
    assert tarfile.TarInfo.frombuf(header, "utf-8", "strict").size == 155_372_892_160


@pytest.mark.parametrize("path", ["", "/etc/passwd", "a\0b", "x" * 5_000])
def test_paths_that_no_header_can_have_are_refused(path: str):
    with pytest.raises(ArchiveError, match="cannot be the path of a file"):
        headers(TarForm(), path, 1)


@pytest.mark.parametrize("beginning", [b"", bytes(2048), b"PK\3\4" + bytes(2044), b"././@LongLink".ljust(2048, b"z")])
def test_what_is_not_a_tar_archive_has_no_form(beginning: bytes):
    with pytest.raises(ArchiveError):
        form_of(beginning)
