import os
import re
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from reben.core.errors import ProductError
from reben.io.safe_files import band_offsets, find_images, find_metadata, open_files, parse_xml


def test_the_metadata_nearest_to_the_root(tmp_path: Path):
    for name in ("b/MTD.xml", "a/copy/MTD.xml"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    files = open_files(tmp_path)
    assert find_metadata(files, re.compile(r".*MTD\.xml")) == "b/MTD.xml"
    assert find_metadata(files, re.compile("nothing")) is None


def test_images_that_are_not_listed_or_not_there_are_left_out(tmp_path: Path):
    for name in ("in/listed.jp2", "elsewhere/bare.jp2", "in/unlisted.jp2"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    root = parse_xml(tmp_path, "x", b"<a><I>in/listed</I><I>bare</I><I>missing</I><I>../../outside</I></a>")
    found = dict(find_images(root, PurePosixPath(), open_files(tmp_path), re.compile("I")))
    assert found == {"listed": "in/listed.jp2", "bare": "elsewhere/bare.jp2"}


def test_zip_files_and_what_is_neither(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        archive.writestr("p.SAFE/MTD.xml", "<a/>")
    files = open_files(tmp_path / "p.zip")
    assert files.names() == {"p.SAFE/MTD.xml"}
    assert files.read("p.SAFE/MTD.xml") == b"<a/>"
    (tmp_path / "text").write_text("text")
    with pytest.raises(ProductError, match=r"neither a \.SAFE directory nor a zip file"):
        open_files(tmp_path / "text")


@pytest.mark.parametrize(
    "content", [b"<a>", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', b"\xff\xfe\x00"], ids=["cut", "entity", "binary"]
)
def test_damaged_and_hostile_xml(content):
    with pytest.raises(ProductError, match="no valid XML"):
        parse_xml(Path("p"), "MTD.xml", content)


@pytest.mark.parametrize("encoding", ["nobody-knows", "hex", "utf-7", "utf-16", "base64", "idna", "punycode", "ebcdic"])
def test_encodings_that_no_metadata_have(encoding: str):
    with pytest.raises(ProductError, match="no valid XML"):
        parse_xml(Path("p"), "MTD.xml", f'<?xml version="1.0" encoding="{encoding}"?><a>\u00e4</a>'.encode())


def test_metadata_without_a_bottom():
    with pytest.raises(ProductError, match="more than 64 elements within each other"):
        parse_xml(Path("p"), "MTD.xml", b"<a>" * 100_000)


def test_pipes_in_the_place_of_products_and_their_files(tmp_path: Path):
    os.mkfifo(tmp_path / "p.zip")
    with pytest.raises(ProductError, match="device or a pipe"):
        open_files(tmp_path / "p.zip")
    (tmp_path / "p.SAFE").mkdir()
    os.mkfifo(tmp_path / "p.SAFE" / "MTD.xml")
    files = open_files(tmp_path / "p.SAFE")
    assert files.names() == set()
    with pytest.raises(ProductError, match="pipe"):
        files.read("MTD.xml")


def test_an_offset_of_a_band_of_thousands_of_digits_is_of_none():
    root = parse_xml(Path("p"), "MTD.xml", f'<a><O band_id="{"9" * 5_000}">3</O><O band_id="1">4</O></a>'.encode())
    assert band_offsets(Path("p"), root, "O") == {"B02": 4}
