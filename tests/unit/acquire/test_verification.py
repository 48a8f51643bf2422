import hashlib
import sys
from pathlib import Path

import pytest
from blake3 import blake3

from reben.acquire.products import CatalogueProduct
from reben.acquire.verification import verify
from reben.core.errors import DownloadError
from stand_ins.data_space import NAMES, zip_of

CONTENT = zip_of(NAMES[0], size=2_000_000)
MD5, BLAKE3 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest(), blake3(CONTENT).hexdigest()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "p.zip").write_bytes(CONTENT)
    return tmp_path / "p.zip"


def product(**facts: object) -> CatalogueProduct:
    return CatalogueProduct(NAMES[0], "f602623e-fd82-5a53-ba09-b05ce085e40c", **facts)


def test_what_is_known_is_compared_and_told(path: Path):
    assert verify(path, product(size=len(CONTENT), md5=MD5, blake3=BLAKE3)) == ["size", "MD5", "BLAKE3"]
    assert verify(path, product(md5=MD5)) == ["MD5"]
    assert verify(path, product(size=len(CONTENT))) == ["size", "CRC-32 of all members"]


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"size": 5}, "the catalogue says 5"),
        ({"md5": "0" * 32}, "MD5 checksum"),
        ({"md5": MD5, "blake3": "0" * 64}, "BLAKE3 checksum"),
    ],
)
def test_differences_are_named(path: Path, facts: dict[str, object], message: str):
    with pytest.raises(DownloadError, match=message):
        verify(path, product(**facts))


def test_without_the_package_blake3_md5_has_to_do(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "blake3", None)
    assert verify(path, product(md5=MD5, blake3="0" * 64)) == ["MD5"]
    assert verify(path, product(blake3="0" * 64)) == ["CRC-32 of all members"]


def test_what_is_no_zip_file_is_refused_even_if_nothing_is_known(path: Path):
    path.write_bytes(b"<html>")
    with pytest.raises(DownloadError, match="is not a zip file"):
        verify(path, product())
    path.write_bytes(CONTENT[:-50])
    with pytest.raises(DownloadError, match="damaged zip file"):
        verify(path, product())
