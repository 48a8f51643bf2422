from pathlib import Path

import pytest

from reben.core.errors import ReleaseError
from reben.release.hashes import published_hashes, read_hashes, write_hashes

SUM = "0123456789abcdef0123456789abcdef"


def test_what_is_written_is_read(tmp_path: Path):
    sums = {"b.tar": SUM, "a file.parquet": SUM[::-1]}
    write_hashes(tmp_path / "hashes.txt", sums)
    assert (tmp_path / "hashes.txt").read_text() == f"{SUM[::-1]}  a file.parquet\n{SUM}  b.tar\n"
    assert read_hashes(tmp_path / "hashes.txt") == sums


def test_the_published_list_is_what_we_know_of_the_release(shared_data: Path):
    lists = [path for path in (shared_data / "published").iterdir() if path.suffix in {".txt", ".md5"}]
    found = [read_hashes(path) for path in lists if "md5" in path.read_text()[:100].lower()]
    assert published_hashes() in found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no MD5 sums"),
        ("md5 hashes:\n", "has no MD5 sums"),
        (f"{SUM}  a\nwhat is this\n", "line 2: 'what is this'"),
        (f"{SUM}  a\n{SUM[::-1]}  a\n", "line 2: a has two different sums"),
    ],
)
def test_lists_that_say_nothing_or_two_things(text: str, said: str, tmp_path: Path):
    (tmp_path / "hashes.txt").write_text(text)
    with pytest.raises(ReleaseError, match=said):
        read_hashes(tmp_path / "hashes.txt")


def test_sums_in_capitals_and_of_binary_mode_are_read(tmp_path: Path):
    (tmp_path / "x.md5").write_text(f"{SUM.upper()} *a.tar\n\n")
    assert read_hashes(tmp_path / "x.md5") == {"a.tar": SUM}


def test_a_list_that_is_not_there(tmp_path: Path):
    with pytest.raises(ReleaseError, match=r"none\.md5"):
        read_hashes(tmp_path / "none.md5")
