import os
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reben.core.errors import ProductError
from reben.io.safe.files import band_offsets, find_images, find_metadata, open_files, parse_xml, read_metadata


def test_the_metadata_nearest_to_the_root(tmp_path: Path):
    for name in ("b/MTD.xml", "a/copy/MTD.xml"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    files = open_files(tmp_path)
    assert find_metadata(tmp_path, files, re.compile(r".*MTD\.xml")) == "b/MTD.xml"
    assert find_metadata(tmp_path, files, re.compile("nothing")) is None


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
    assert read_metadata(files, "p.SAFE/MTD.xml") == b"<a/>"
    (tmp_path / "text").write_text("text")
    with pytest.raises(ProductError, match=r"neither a \.SAFE directory nor a zip file"):
        open_files(tmp_path / "text")


@pytest.mark.parametrize(
    "content", [b"<a>", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', b"\xff\xfe\x00"], ids=["cut", "entity", "binary"]
)
def test_damaged_and_hostile_xml(content):
    with pytest.raises(ProductError, match="not valid XML"):
        parse_xml(Path("p"), "MTD.xml", content)


@pytest.fixture
def packed(tmp_path: Path) -> Callable[[int], tuple[Path, zipfile.ZipInfo]]:
    """A zip file with one file, and what it says of it."""

    def pack(method: int) -> tuple[Path, zipfile.ZipInfo]:
        path = tmp_path / "p.zip"
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("p.SAFE/MTD.xml", "<a>" + "text " * 10_000 + "</a>")
        return path, zipfile.ZipFile(path).infolist()[0]

    return pack


def _set(content: bytearray, local: int, central: int, value: bytes) -> None:
    """Change a field of the only member, in its header and in the directory."""
    for sign, place in ((b"PK\3\4", local), (b"PK\1\2", central)):
        start = content.find(sign) + place
        content[start : start + len(value)] = value


DAMAGE: dict[str, tuple[int, Callable[[bytearray], None]]] = {
    "wrong CRC": (zipfile.ZIP_STORED, lambda content: _set(content, 14, 16, b"abcd")),
    "deflate": (zipfile.ZIP_DEFLATED, lambda content: content.__setitem__(slice(60, 90), b"\xff" * 30)),
    "bzip2": (zipfile.ZIP_BZIP2, lambda content: content.__setitem__(slice(60, 90), b"\xff" * 30)),
    "lzma": (zipfile.ZIP_LZMA, lambda content: content.__setitem__(slice(46, 90), b"\xff" * 44)),
    "Deflate64": (zipfile.ZIP_DEFLATED, lambda content: _set(content, 8, 10, b"\x09\0")),
    "method 99": (zipfile.ZIP_DEFLATED, lambda content: _set(content, 8, 10, b"\x63\0")),
    "password": (zipfile.ZIP_STORED, lambda content: _set(content, 6, 8, b"\1\0")),
    "other name": (zipfile.ZIP_STORED, lambda content: content.__setitem__(content.find(b"MTD"), ord("m"))),
    "patch data": (zipfile.ZIP_STORED, lambda content: _set(content, 6, 8, b"\x20\0")),
    "no header": (zipfile.ZIP_STORED, lambda content: content.__setitem__(slice(0, 4), b"\0\0\0\0")),
}


@pytest.mark.parametrize(("method", "damage"), DAMAGE.values(), ids=DAMAGE)
def test_whatever_is_wrong_with_a_zip_file_is_a_product_error(packed, method: int, damage):
    path, _ = packed(method)
    content = bytearray(path.read_bytes())
    damage(content)
    path.write_bytes(content)
    with pytest.raises(ProductError, match=r"p\.zip") as caught:
        read_metadata(open_files(path), "p.SAFE/MTD.xml")
    assert caught.value.hint


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10_000), value=st.integers(0, 255), method=st.sampled_from([0, 8, 12, 14]))
def test_any_changed_byte_of_a_zip_file(packed, place: int, value: int, method: int):
    path, _ = packed(method)
    content = bytearray(path.read_bytes())
    content[place % len(content)] = value
    path.write_bytes(content)
    try:
        files = open_files(path)
        for name in files.names():
            read_metadata(files, name)
    except ProductError:
        pass


def test_a_file_without_a_name_is_none_of_a_product(packed):
    path, _ = packed(0)
    content = path.read_bytes()
    entry = content.rindex(b"p.SAFE/")  # in the list of files, where a NUL ends a name
    path.write_bytes(content[:entry] + b"\0" + content[entry + 1 :])
    names = open_files(path).names()
    assert "" not in names
    assert all(name.startswith("p.SAFE/") for name in names)


def test_hidden_files_are_none_of_a_product(tmp_path: Path):
    for name in ("p.SAFE/MTD.xml", "p.SAFE/._MTD.xml", "__MACOSX/p.SAFE/._MTD.xml", ".hidden/MTD.xml"):
        (tmp_path / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / name).write_text("x")
    archive = shutil.make_archive(str(tmp_path / "all"), "zip", tmp_path / "all")
    for path in (tmp_path / "all", Path(archive)):
        assert open_files(path).names() == {"p.SAFE/MTD.xml"}


@pytest.mark.parametrize("is_zip", [False, True])
def test_several_products_in_one_place(tmp_path: Path, is_zip: bool):
    for name in ("a.SAFE/MTD.xml", "b.SAFE/MTD.xml"):
        (tmp_path / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / name).write_text("x")
    path = Path(shutil.make_archive(str(tmp_path / "all"), "zip", tmp_path / "all")) if is_zip else tmp_path / "all"
    with pytest.raises(ProductError, match=r"holds 2 products: a\.SAFE/MTD\.xml, b\.SAFE/MTD\.xml") as caught:
        find_metadata(path, open_files(path), re.compile(r".*MTD\.xml"))
    assert "unpack" in caught.value.hint


def test_images_of_another_product_are_none_of_this(tmp_path: Path):
    for name in ("a/one.jp2", "b/one.jp2", "b/two.jp2"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    root = parse_xml(tmp_path, "x", b"<a><I>one</I><I>two</I></a>")
    found = dict(find_images(root, PurePosixPath("a"), open_files(tmp_path), re.compile("I")))
    assert found == {"one": "a/one.jp2"}


@pytest.mark.parametrize("encoding", ["nobody-knows", "hex", "utf-7", "utf-16", "base64", "idna", "punycode", "ebcdic"])
def test_encodings_that_no_metadata_have(encoding: str):
    with pytest.raises(ProductError, match="not valid XML"):
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
        read_metadata(files, "MTD.xml")


def test_an_offset_of_a_band_of_thousands_of_digits_is_refused():
    root = parse_xml(Path("p"), "MTD.xml", f'<a><O band_id="{"9" * 5_000}">3</O><O band_id="1">4</O></a>'.encode())
    with pytest.raises(ProductError, match="expected 0 to 12"):
        band_offsets(Path("p"), root, "O")
