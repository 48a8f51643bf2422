import hashlib
import io
import stat
import struct
import sys
import zipfile
from pathlib import Path

import pytest
from blake3 import blake3

from reben.acquire import archives
from reben.acquire.archives import remove_folder, unpack, verify
from reben.acquire.products import CatalogueProduct
from reben.core.errors import DownloadError, TargetExistsError
from reben.net.stopping import Stop, Stopped
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


TOP = "P.SAFE"


def archive_of(folder: Path, members: list[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    path = folder / "p.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def expect_refusal(path: Path, message: str) -> None:
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(DownloadError, match=message):
        unpack(path, path.parent / TOP)
    assert sorted(path.parent.rglob("*")) == before


def test_a_product_is_unpacked_whole(tmp_path: Path):
    path = tmp_path / "p.zip"
    path.write_bytes(zip_of(TOP))
    noted = []
    unpack(path, tmp_path / TOP, note=noted.append)
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            content = (tmp_path / info.filename).read_bytes()
            assert content == archive.read(info)
            assert noted[0][info.filename.removeprefix(f"{TOP}/")] == (len(content), info.CRC)
    assert {str(p.relative_to(tmp_path / TOP)) for p in tmp_path.rglob("*") if p.is_dir() and not any(p.iterdir())} == {
        "DATASTRIP/DS_1/QI_DATA", "GRANULE/L1C_T33UUP/AUX_DATA",
    }  # fmt: skip


def test_folders_in_the_archive_are_kept(tmp_path: Path):
    members = [(f"{TOP}/", b""), (f"{TOP}/HTML/", b""), (f"{TOP}/GRANULE/G/AUX_DATA/", b""), (f"{TOP}/a.xml", b"x")]
    unpack(archive_of(tmp_path, members), tmp_path / TOP)
    assert (tmp_path / TOP / "HTML").is_dir()
    assert (tmp_path / TOP / "GRANULE/G/AUX_DATA").is_dir()


@pytest.mark.parametrize(
    "name",
    ["../evil", "/etc/evil", f"{TOP}/../evil", f"{TOP}/a/../../../evil", "other/a", f"{TOP}\\..\\evil",
     f"{TOP}//a", f"{TOP}/./a",
     "C:/evil", f"{TOP}/a\0b", "p.safe/a", ""],
)  # fmt: skip
def test_paths_outside_the_folder_are_refused(name: str, tmp_path: Path):
    info = zipfile.ZipInfo("placeholder")
    info.filename = info.orig_filename = name
    path = archive_of(tmp_path, [(f"{TOP}/good", b"x")])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(info, b"x")
    expect_refusal(path, "lies outside the folder")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(kind: int, tmp_path: Path):
    info = zipfile.ZipInfo(f"{TOP}/link")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    expect_refusal(archive_of(tmp_path, [(info, b"/etc/passwd")]), "is a link or a device")


def test_duplicates_and_files_below_files_are_refused(tmp_path: Path):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = archive_of(tmp_path, [(f"{TOP}/a", b"1"), (f"{TOP}/a", b"2")])
    expect_refusal(path, "in the archive twice")
    expect_refusal(archive_of(tmp_path, [(f"{TOP}/a", b"1"), (f"{TOP}/a/b", b"2")]), "lies in a file")
    expect_refusal(archive_of(tmp_path, [(f"{TOP}/a", b"1"), (f"{TOP}/a/", b"")]), "in the archive twice")


def test_bombs_are_refused_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    expect_refusal(archive_of(tmp_path, [(f"{TOP}/a", bytes(60 << 20))]), "are packed into")
    monkeypatch.setattr(archives, "MOST_FILES", 3)
    expect_refusal(archive_of(tmp_path, [(f"{TOP}/{n}", b"x") for n in range(4)]), "4 files with 4 bytes")
    monkeypatch.setattr(archives, "MOST_BYTES", 10)
    expect_refusal(archive_of(tmp_path, [(f"{TOP}/a", b"x" * 11)]), "1 files with 11 bytes")


def test_a_member_that_is_larger_than_it_says_is_refused(tmp_path: Path):
    path = archive_of(tmp_path, [(f"{TOP}/a", bytes(100_000))])
    raw = bytearray(path.read_bytes())
    central = raw.rindex(b"PK\x01\x02")
    struct.pack_into("<I", raw, central + 24, 50)  # its size, in the directory that is believed
    path.write_bytes(raw)
    expect_refusal(path, "damaged zip file")


def test_damaged_encrypted_and_empty_archives(tmp_path: Path):
    path = tmp_path / "p.zip"
    good = zip_of(TOP, size=5000)
    middle = len(good) // 2
    for damaged in (b"", b"PK\x03\x04", good[:middle], good[:middle] + b"\0\0\0\0" + good[middle + 4 :]):
        path.write_bytes(damaged)
        expect_refusal(path, "damaged zip file")
    expect_refusal(archive_of(tmp_path, []), f"holds no {TOP}")
    expect_refusal(archive_of(tmp_path, [(f"{TOP}/", b"")]), f"holds no {TOP}")
    raw = bytearray(archive_of(tmp_path, [(f"{TOP}/a", b"x")]).read_bytes())
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)
    expect_refusal(path, "is encrypted")


def test_what_is_there_already_is_not_touched(tmp_path: Path):
    path = archive_of(tmp_path, [(f"{TOP}/a", b"x")])
    (tmp_path / TOP).mkdir()
    (tmp_path / TOP / "mine").touch()
    with pytest.raises(TargetExistsError):
        unpack(path, tmp_path / TOP)
    assert [p.name for p in (tmp_path / TOP).iterdir()] == ["mine"]


def test_stopping_leaves_no_half_folder(tmp_path: Path):
    path, stop = tmp_path / "p.zip", Stop()
    path.write_bytes(zip_of(TOP))
    stop.stop()
    with pytest.raises(Stopped):
        unpack(path, tmp_path / TOP, check=stop.check)
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_removed(tmp_path: Path):
    (tmp_path / TOP / "a").mkdir(parents=True)
    remove_folder(tmp_path / TOP)
    assert list(tmp_path.iterdir()) == []


def test_the_stand_in_makes_zip_files():
    with zipfile.ZipFile(io.BytesIO(zip_of(TOP))) as archive:
        assert archive.testzip() is None


def test_an_archive_that_points_out_of_itself(tmp_path: Path):
    """Its first bytes are gone: zipfile would read from before the beginning."""
    path = tmp_path / "cut.zip"
    path.write_bytes(zip_of(TOP)[1:])
    with pytest.raises(DownloadError, match="damaged zip file"):
        unpack(path, tmp_path / TOP)
    assert not (tmp_path / TOP).exists()
